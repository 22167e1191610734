import type { OutageState } from "../core/outage-state.ts";
import { noticeSender, type NoticeSenderOptions } from "./notifier-sender.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

/** Tells people what the outage of one workspace has to say, for as long as it runs. */
export interface Notifier {
  name: string;
  /** Begins; the outage watch must have started. */
  start(): void;
  /** Sends what is being sent to its end, unless forced, and ends. */
  drain(force: AbortSignal): Promise<void>;
}

export interface NotifierOptions extends NoticeSenderOptions {
  outage: Pick<OutageWatch, "state" | "report" | "changed">;
  /** How often notices are looked at that another pod sends, or that wait for their next try. */
  everyMs?: number;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });

/**
 * Every pod runs one; of each notice a lease in Redis makes one pod the sender. Each channel gets each notice once; a
 * kill, or a loss of Redis, between sending and noting may repeat one. Notices do not wait for each other: one that
 * cannot be sent keeps none back.
 */
export const notifier = (options: NotifierOptions): Notifier => {
  const { outage, everyMs = 1_000 } = options;
  const log = options.log.child({ workspace: options.workspace });
  const send = noticeSender(options);
  const ending = new AbortController();
  const forced = new AbortController();
  let running: Promise<void> | undefined;

  const sendUntold = async ({ untold }: OutageState) => {
    for (const notice of untold) {
      if (ending.signal.aborted) return;
      await send(notice, forced.signal);
    }
  };

  /** Until there may be something to do: another state, or, while notices are left, some time. */
  const somethingToDo = async (seen: OutageState) => {
    const isLeft = outage.state().untold.length > 0;
    const until = isLeft ? AbortSignal.any([ending.signal, AbortSignal.timeout(everyMs)]) : ending.signal;
    await outage.changed(seen, until).catch(() => undefined);
  };

  const run = async () => {
    while (!ending.signal.aborted) {
      const seen = outage.state();
      await sendUntold(seen).catch((error: unknown) => {
        if (!forced.signal.aborted) log.warn({ err: error }, "notices.unsent"); // Redis; what is left is tried again
      });
      await somethingToDo(seen);
    }
  };

  return {
    name: `notices ${options.workspace}`,
    start: () => {
      if (!ending.signal.aborted) running ??= run();
    },
    drain: async (force) => {
      ending.abort(new Error("the notifier is ending"));
      const onForce = () => forced.abort(new Error("the notifier is to end at once"));
      force.addEventListener("abort", onForce, { once: true });
      if (force.aborted) onForce();
      await Promise.race([running, aborted(forced.signal)]); // without Redis, `running` would wait for it to come back
      force.removeEventListener("abort", onForce);
    },
  };
};
