import { backoffLimits, backoffMs } from "../core/backoff.ts";
import type { Rate } from "../rate.ts";

export interface BackingOff {
  /** What Segment asked for in full, or our own growing backoff: nobody of the group sends before that is over. */
  backOff: (afterMs: number | undefined) => Promise<{ afterMs: number }>;
  /** The next failure is a first one again. */
  reset: () => void;
}

/** Batches that fail together are one failure: the backoff grows by waits, not by batches. */
export const backingOff = (rate: Rate, group: string, now: () => number = Date.now): BackingOff => {
  let failures = 0;
  let untilMs = 0;
  return {
    backOff: async (asked) => {
      if (now() >= untilMs) failures += 1;
      // "Now", and a time that is past by our clock, are no word on when.
      const own =
        asked !== undefined && asked >= backoffLimits.firstMs ? 0 : backoffMs(failures, 0.5 + Math.random() / 2);
      const afterMs = Math.max(1, asked ?? 0, own);
      untilMs = Math.max(untilMs, now() + afterMs);
      await rate.notBefore(group, afterMs);
      return { afterMs };
    },
    reset: () => {
      failures = 0;
    },
  };
};
