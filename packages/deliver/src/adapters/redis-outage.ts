import { outageKey } from "@currents-relay/shared/core/keys.ts";
import type { ReadText } from "@currents-relay/shared/runtime/gathered-texts.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";
import type { OutageEvent } from "../core/outage-event.ts";
import { firstOutageState, type OutageState } from "../core/outage-state.ts";
import { type Step, step } from "../core/outage.ts";

/** The outage of one workspace, shared by all pods. */
export interface Outages {
  read: () => Promise<OutageState>;
  /** As `read`, at the leisure of whoever reads for many. */
  glance: () => Promise<OutageState>;
  /**
   * Tells what happened. Resolves with the state that all pods agree on then, and with the effects that this very
   * event brought about: of several pods that report the same, one gets them. An event that changes nothing writes
   * nothing.
   */
  report: (event: OutageEvent) => Promise<Step>;
}

/** One text that several pods share; undefined: none yet. */
export interface SharedText {
  read: () => Promise<string | undefined>;
  /** False, and nothing was written, when the text is no longer `before`. */
  swap: (before: string | undefined, after: string) => Promise<boolean>;
}

interface Stored {
  v: 1;
  /** Counts the changes. */
  version: number;
  state: OutageState;
}

const decode = (text: string | undefined): Stored => {
  if (text === undefined) return { v: 1, version: 0, state: firstOutageState };
  // Our own bytes, versioned: checked by the line below rather than field by field.
  const stored = JSON.parse(text) as Stored;
  if (stored.v !== 1) throw new Error(`outage state version ${String(stored.v)} is not known; update this worker`);
  return stored;
};

/** The reducer over a shared text: read, step, swap, until no other pod was faster. Each round lost is another's won. */
export const outagesIn = (text: SharedText, glance = text.read): Outages => {
  const glanced = lastDecoded();
  return {
    read: async () => decode(await text.read()).state,
    glance: async () => glanced(await glance()),

    report: async (event) => {
      for (;;) {
        const before = await text.read();
        const { version, state } = decode(before);
        const next = step(state, event);
        if (next.state === state) return next;
        const stored: Stored = { v: 1, version: version + 1, state: next.state };
        // A kill after the swap loses the effects: notices stay in `untold`, probes and trials come by the clock again.
        if (await text.swap(before, JSON.stringify(stored))) return next;
      }
    },
  };
};

/** A text that did not change since the last look gives the same object: it seldom does, and is looked at every second. */
const lastDecoded = () => {
  let last: { text: string | undefined; state: OutageState } | undefined;
  return (text: string | undefined): OutageState => {
    if (!last || last.text !== text) last = { text, state: decode(text).state };
    return last.state;
  };
};

const swapScript = luaScript(new URL("./swap.lua", import.meta.url));

/** `glance`: how the state is read where nothing hangs on the last 20 ms. */
export const redisOutages = (redis: Redis, workspace: string, glance?: ReadText): Outages => {
  const key = outageKey(workspace);
  const text: SharedText = {
    read: async () => (await redis.get(key)) ?? undefined,
    swap: async (before, after) => (await swapScript(redis, [key], [before ?? "", after])) === 1,
  };
  return outagesIn(text, glance && (() => glance(key)));
};
