import { ok, type Outcome, retry } from "@currents-relay/shared/core/outcome.ts";
import type { ObjectChanged } from "./object-changed.ts";
import type { ObjectProgress } from "./object-progress.ts";

/** An object that is gone, and of which a part was read, may come back; after so long its rest is given up. */
const goneForGoodMs = 24 * 3_600_000;
const goneWaitMs = 15_000;

/** How the run of an object ends that is not there as it was listed, and what to store before. */
export interface Absence {
  outcome: Outcome<"moved">;
  progress?: ObjectProgress;
}

/** Undefined: it has come to its end, with what was taken of it. What replaced it is another object. */
export const absenceOf = (error: ObjectChanged, progress: ObjectProgress, nowMs: number): Absence | undefined => {
  // Nothing of it was read: it leaves no trace, and is found again should it come back.
  if (Object.keys(progress.tally).length === 0) return { outcome: ok("moved") };
  const { goneSinceMs = nowMs } = progress;
  if (!error.isGone || nowMs - goneSinceMs >= goneForGoodMs) return undefined;
  // Should it come back, it is read on: from its beginning, what was read would be counted twice.
  return { outcome: retry(goneWaitMs, error), progress: { ...progress, goneSinceMs } };
};
