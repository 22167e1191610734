const tickMs = 100;
/** The same for pauses from this on. */
const longTickMs = 1_000;
const longMs = 5_000;
/** Shorter pauses are kept as they are. */
const shortestMs = 500;
/** A timer may go off a little before its tick, and the next pause is as long as this one all the same. */
const earlyMs = 2;

/**
 * How long to pause so that it ends at a tick of the process, up to 100 ms earlier than asked for (1 s where that is a
 * fifth of it at most): what hundreds of workspaces do once a second each is then done in a few turns of the event loop.
 * A process that is woken for each of them by itself spends as much on waking up as on the work.
 */
export const untilSharedTick = (ms: number, nowMs = performance.now()): number => {
  if (ms < shortestMs) return ms;
  return ms + earlyMs - ((nowMs + ms + earlyMs) % (ms < longMs ? tickMs : longTickMs));
};
