const eventsPerSecondOfOne = 2_000;
const most = 4;

/**
 * How many requests of a workspace a process has under way at once: one up to 2,000 events/s (about what one request
 * after the other carries at 200 ms each, and strictly in order), one more for each 2,000 beyond, at most 4.
 */
export const requestsInFlight = (eventsPerSecond: number): number =>
  Math.min(most, Math.ceil(eventsPerSecond / eventsPerSecondOfOne));
