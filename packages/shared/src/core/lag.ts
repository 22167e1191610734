/** The earliest of some times (UNIX ms); undefined when there is none. */
export const oldestOf = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** Age (ms) of the oldest undelivered event; 0 when there is none, or when another machine's clock is ahead. */
export const lagMs = (oldestMs: number | undefined, nowMs: number): number =>
  oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs);

/**
 * How long (ms) until the oldest held event has waited `afterMs`: the whole window when nothing is held, below 0 when
 * it has waited longer (the policy `keep`).
 */
export const expiryRemainingMs = (
  { afterMs, oldestHeldMs }: { afterMs: number; oldestHeldMs: number | undefined },
  nowMs: number,
): number => afterMs - lagMs(oldestHeldMs, nowMs);
