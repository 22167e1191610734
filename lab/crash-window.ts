/** A stretch of time in which the answer to an accepted request can have been lost before it was recorded. UNIX ms. */
export interface CrashWindow {
  cause: "deliver" | "redis" | "answer-lost";
  fromMs: number;
  untilMs: number;
}

/** From Segment's acceptance to the record of it: the answer's way, a busy event loop, and Redis' own disk. */
const recordWithinMs = 3_000;

/**
 * Whether an id that was accepted at `firstMs` may have come again at `againMs`: only if something crashed after the
 * first acceptance and before it was recorded, and so before the second one.
 */
export const explains = (windows: readonly CrashWindow[], firstMs: number, againMs: number): boolean =>
  windows.some(
    ({ fromMs, untilMs }) =>
      firstMs >= fromMs - recordWithinMs && firstMs <= untilMs + recordWithinMs && againMs >= fromMs,
  );
