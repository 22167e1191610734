import { oneAtATime } from "@currents-relay/shared/runtime/one-at-a-time.ts";
import { untilSharedTick } from "@currents-relay/shared/runtime/shared-tick.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { Effect, OutageEvent } from "../core/outage-event.ts";
import type { OutageState } from "../core/outage-state.ts";
import type { Step } from "../core/outage.ts";
import type { Outages } from "./redis-outage.ts";

/** The outage state as one pod sees it, without asking Redis for every batch. */
export interface OutageWatch {
  name: string;
  /** Reads the state for the first time, then goes on reading it. */
  start(): Promise<void>;
  drain(signal: AbortSignal): Promise<void>;
  /** As last read or reported: at most `everyMs` and one read old. Throws before `start` has resolved. */
  state(): OutageState;
  /** Reads it now. */
  refresh(): Promise<OutageState>;
  /** {@link Outages.report}, remembered at once; effects also go to `onEffects`. */
  report(event: OutageEvent): Promise<Step>;
  /** Resolves with the first state that differs from `seen`; rejects when the signal aborts. */
  changed(seen: OutageState, signal: AbortSignal): Promise<OutageState>;
}

export interface OutageWatchOptions {
  workspace: string;
  outages: Outages;
  log: Logger;
  /** Acts on what this pod's reports brought about; must not throw. */
  onEffects?: (effects: readonly Effect[], state: OutageState) => void;
  everyMs?: number;
}

/** The last state heard of, and who waits for another one. */
const rememberedState = (onChange: (before: OutageState, after: OutageState) => void) => {
  let known: { text: string; state: OutageState } | undefined;
  let lastSet: OutageState | undefined;
  const waiting = new Set<() => void>();
  return {
    get: () => known?.state,

    /** The same object as long as nothing in it differs: `changed` compares by it. */
    set: (state: OutageState): OutageState => {
      if (known && state === lastSet) return known.state;
      lastSet = state;
      const text = JSON.stringify(state);
      if (text === known?.text) return known.state;
      if (known) onChange(known.state, state);
      known = { text, state };
      for (const wake of waiting) wake();
      return state;
    },

    changed: (seen: OutageState, signal: AbortSignal) =>
      new Promise<OutageState>((resolve, reject) => {
        const settle = () => {
          const state = known?.state;
          if (!signal.aborted && (state === undefined || state === seen)) return;
          waiting.delete(settle);
          signal.removeEventListener("abort", settle);
          if (signal.aborted || state === undefined) reject(new Error("given up waiting", { cause: signal.reason }));
          else resolve(state);
        };
        waiting.add(settle);
        signal.addEventListener("abort", settle);
        settle();
      }),
  };
};

export const watchOutage = (options: OutageWatchOptions): OutageWatch => {
  const { workspace, outages, log, onEffects, everyMs = 1_000 } = options;
  const inTurn = oneAtATime(); // so that a late answer never replaces a newer one
  const remembered = rememberedState((before, after) => {
    if (before.kind !== after.kind) log.info({ workspace, from: before.kind, to: after.kind }, "outage.state");
  });
  let timer: NodeJS.Timeout | undefined;

  const refresh = () => inTurn(async () => remembered.set(await outages.read()));
  const refreshQuietly = () =>
    inTurn(async () => remembered.set(await outages.glance())).catch((error: unknown) =>
      log.warn({ workspace, err: error }, "outage.unread"),
    ); // the last state stays

  return {
    name: `outage ${workspace}`,
    refresh,
    changed: remembered.changed,
    state: () => {
      const state = remembered.get();
      if (!state) throw new Error(`the outage state of "${workspace}" was not read yet: start the watch first`);
      return state;
    },
    start: async () => {
      await refresh();
      const again = () => void refreshQuietly().then(() => timer && wait());
      const wait = () => (timer = setTimeout(again, untilSharedTick(everyMs)).unref());
      if (!timer) wait();
    },
    drain: async () => {
      clearTimeout(timer);
      timer = undefined;
      await inTurn(() => Promise.resolve());
    },
    report: (event) =>
      inTurn(async () => {
        const { state, effects } = await outages.report(event);
        const agreed = remembered.set(state);
        if (effects.length > 0) onEffects?.(effects, agreed);
        return { state: agreed, effects };
      }),
  };
};
