import type { FaultPart } from "./avro-container.ts";

/** A file that somebody copies into the folder grows while we read it; after this long without a change it is done. */
export const settleMs = 2_000;

/** Whether a file that ends too early may only be not written to its end yet. Times are UNIX ms. */
export const isTornByHaste = ({ reason }: FaultPart, landedAtMs: number, nowMs: number): boolean =>
  (reason === "truncated" || reason === "empty-file") && nowMs - landedAtMs < settleMs;
