import type { FaultPart } from "./avro-container.ts";

/** A file that somebody copies into the folder grows while we read it; after this long without a change it is done. */
export const settleMs = 2_000;

/** Since when a version is as it is: UNIX ms, and how long ago it was found (its job was added). */
interface Standing {
  landedAtMs: number;
  ageMs: number;
}

/**
 * Whether a file that ends too early may only be not written to its end yet. What was found long ago and has not changed is
 * done, also where its time lies in the future.
 */
export const isTornByHaste = ({ reason }: FaultPart, { landedAtMs, ageMs }: Standing, nowMs: number): boolean =>
  (reason === "truncated" || reason === "empty-file") && Math.max(ageMs, nowMs - landedAtMs) < settleMs;
