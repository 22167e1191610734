import { setTimeout as delay } from "node:timers/promises";

export interface Waiting {
  /** What is waited for, for the message when it does not come. */
  what: string;
  signal: AbortSignal;
  withinMs?: number;
  everyMs?: number;
}

/** Looks again and again until there is something; rejects when that takes too long or the signal aborts. */
export const until = async <T>(
  { what, signal, withinMs = 60_000, everyMs = 20 }: Waiting,
  look: () => Promise<T | undefined>,
): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await delay(everyMs, undefined, { signal });
  }
};
