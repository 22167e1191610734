import { setTimeout as delay } from "node:timers/promises";
import type { DeliverPorts } from "../ports.ts";
import type { Lane, Rate } from "../rate.ts";

/** A longer wait is given back to the queue, so that the job does not hold its lock and a shutdown need not wait. */
const longestSleepMs = 3_000;

interface PacedOptions {
  rate: Rate;
  group: string;
  eventsPerSecond: number;
  lane: Lane;
}

const lookAgainMs = 25;
/** The queue rests while a batch of it waits: what is new must not wait for long because something old has to. */
const longestRestMs = 250;

/**
 * The same for what is read again: while a fresh batch is in hand it does not ask, and while one waits for a worker it goes
 * back to the queue, behind it.
 */
export const pacedBehind = (
  options: Omit<PacedOptions, "lane">,
  fresh: { isInHand: () => boolean; isWaiting: () => Promise<boolean> },
): DeliverPorts["takeRate"] => {
  const { rate, group, eventsPerSecond } = options;
  return async (events, signal) => {
    for (;;) {
      signal.throwIfAborted();
      if (await fresh.isWaiting()) return { afterMs: 1 };
      if (!fresh.isInHand()) {
        const grant = await rate.take(group, events, eventsPerSecond, "replay");
        if (grant.granted) return undefined;
        if (grant.afterMs > longestSleepMs) return { afterMs: longestRestMs };
        await delay(Math.min(grant.afterMs, lookAgainMs), undefined, { signal });
      } else await delay(lookAgainMs, undefined, { signal });
    }
  };
};

/** Waits for the group's rate inside the job while that is short. */
export const pacedBy =
  ({ rate, group, eventsPerSecond, lane }: PacedOptions): DeliverPorts["takeRate"] =>
  async (events, signal) => {
    for (;;) {
      signal.throwIfAborted();
      const grant = await rate.take(group, events, eventsPerSecond, lane);
      if (grant.granted) return undefined;
      if (grant.afterMs > longestSleepMs) return { afterMs: grant.afterMs };
      await delay(grant.afterMs, undefined, { signal });
    }
  };
