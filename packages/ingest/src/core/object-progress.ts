import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { ResumePoint } from "./chunk.ts";

/** What a run of an object leaves for the next one: everything before `resumeAt` is handed over and counted in `tally`. */
export interface ObjectProgress {
  resumeAt?: ResumePoint;
  tally: Tally;
  /** Since when the object is gone (UNIX ms). */
  goneSinceMs?: number;
}
