export const backoffLimits = { firstMs: 500, capMs: 60_000 } as const;

/**
 * How long to wait (ms) before the try after `failures` failed ones in a row (1, 2, ...): exponential, capped at 60 s,
 * full jitter. `random` is from 0 (inclusive) to 1 (exclusive).
 */
export const backoffMs = (failures: number, random: number): number => {
  const doublings = Math.max(0, failures - 1);
  return Math.floor(random * Math.min(backoffLimits.capMs, backoffLimits.firstMs * 2 ** doublings));
};
