import { setTimeout as delay } from "node:timers/promises";
import { oneAtATime } from "./one-at-a-time.ts";

/**
 * Runs one thing after the other, each followed by a rest, so that all of them take no more than this share of the time
 * (0 to 1). When the signal is aborted, what is left in line goes on without a rest: it is to look at the signal itself.
 */
export const sparing = (share: number) => {
  const inTurn = oneAtATime();
  return (work: () => Promise<void>, signal: AbortSignal): Promise<void> =>
    inTurn(async () => {
      const startedMs = performance.now();
      try {
        await work();
      } finally {
        const restMs = (performance.now() - startedMs) * (1 / share - 1);
        await delay(restMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    });
};
