import { batchLimits } from "@currents-relay/shared/contracts/call.ts";

/** What a new event waits at the most for a batch of what is read again, which has taken the rate before it. */
const longestSeconds = 0.1;
const fewestCalls = 25;

/** How many calls a batch may have of what is read again, at this rate (events a second). */
export const mostCallsBehind = (eventsPerSecond: number): number =>
  Math.min(batchLimits.maxCalls, Math.max(fewestCalls, Math.floor(eventsPerSecond * longestSeconds)));
