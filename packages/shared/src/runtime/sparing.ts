import { setTimeout as delay } from "node:timers/promises";
import { oneAtATime } from "./one-at-a-time.ts";

/** Enough after any usual work; what took longer had to wait, for Redis perhaps. */
const usualLongestRestMs = 10_000;

/**
 * Runs one thing after the other, each followed by a rest, so that all of them take no more than this share of the time
 * (0 to 1); no rest is longer than the longest one. When the signal is aborted, what is left in line goes on without a
 * rest: it is to look at the signal itself.
 */
export const sparing = (share: number, longestRestMs = usualLongestRestMs) => {
  const inTurn = oneAtATime();
  return (work: () => Promise<void>, signal: AbortSignal): Promise<void> =>
    inTurn(async () => {
      const startedMs = performance.now();
      try {
        await work();
      } finally {
        const restMs = Math.min((performance.now() - startedMs) * (1 / share - 1), longestRestMs);
        await delay(restMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    });
};
