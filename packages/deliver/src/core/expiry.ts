/** `oldestHeldMs` (UNIX ms): since when the oldest held event waits; undefined when none is held. */
export interface ExpiryClock {
  afterMs: number;
  oldestHeldMs: number | undefined;
}

/**
 * How long (ms) until the oldest held event has waited `afterMs`: the whole window when nothing is held, below 0 when
 * it has waited longer (the policy `keep`).
 */
export const expiryRemainingMs = ({ afterMs, oldestHeldMs }: ExpiryClock, nowMs: number): number =>
  oldestHeldMs === undefined ? afterMs : afterMs - lagMs(oldestHeldMs, nowMs);

/** True from the moment on at which the policy (archive, drop) applies to an event held since `heldMs`. */
export const isExpired = ({ afterMs, heldMs }: { afterMs: number; heldMs: number }, nowMs: number): boolean =>
  expiryRemainingMs({ afterMs, oldestHeldMs: heldMs }, nowMs) <= 0;

/** How much of the window is used: 0 when nothing is held, 1 at expiry, more after it. */
export const usedShare = (clock: ExpiryClock, nowMs: number): number =>
  1 - expiryRemainingMs(clock, nowMs) / clock.afterMs;

/** Age (ms) of the oldest undelivered event; 0 when there is none, or when another machine's clock is ahead. */
export const lagMs = (oldestMs: number | undefined, nowMs: number): number =>
  oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs);
