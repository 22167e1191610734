import { isExpired } from "./expiry.ts";

/** What is to be done with a held batch because of its age: nothing while there is time, or where it is kept for ever. */
export const dueToAge = (
  heldMs: number,
  { afterMs, then }: { afterMs: number; then: "keep" | "archive" | "drop" },
  nowMs: number,
): "archive" | "drop" | undefined => (then !== "keep" && isExpired({ heldMs, afterMs }, nowMs) ? then : undefined);
