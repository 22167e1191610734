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
