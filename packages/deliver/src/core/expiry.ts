import { expiryRemainingMs } from "@currents-relay/shared/core/lag.ts";

/** `oldestHeldMs` (UNIX ms): since when the oldest held event waits; undefined when none is held. */
export interface ExpiryClock {
  afterMs: number;
  oldestHeldMs: number | undefined;
}

/** True from the moment on at which the policy (archive, drop) applies to an event held since `heldMs`. */
export const isExpired = ({ afterMs, heldMs }: { afterMs: number; heldMs: number }, nowMs: number): boolean =>
  expiryRemainingMs({ afterMs, oldestHeldMs: heldMs }, nowMs) <= 0;

/** How much of the window is used: 0 when nothing is held, 1 at expiry, more after it. */
export const usedShare = (clock: ExpiryClock, nowMs: number): number =>
  1 - expiryRemainingMs(clock, nowMs) / clock.afterMs;
