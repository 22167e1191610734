import type { OpenPage } from "../core/pages.ts";
import type { QueueKind } from "../contracts/jobs.ts";
import type { CountingStage, Tally } from "../contracts/tally.ts";
import type { Payload } from "../contracts/parcel.ts";
import type { JobId } from "../core/ids.ts";

/** A payload and the job that it waits for. */
export interface SpoolEntry {
  id: JobId;
  /** The queue whose job has this id. */
  kind: QueueKind;
  payload: Payload;
  events: number;
}

/**
 * Where payloads wait, one entry for one job, under the job's own id. An entry is written before its job is added and
 * removed after its job is done; whatever is left in between by a crash, the sweeper settles.
 */
export interface Spool {
  /**
   * Writes entries that are not there yet; an entry whose job was already counted as done is not written again.
   * Resolves when Redis has them (on disk, with `appendfsync always`), with the workspace's bytes in the spool.
   */
  put: (entries: readonly SpoolEntry[]) => Promise<{ bytes: number }>;
  /**
   * The payload, or undefined when it is gone; with `kind` also when it waits for another queue's job now. With `openPage` it
   * lies in such a page, in a Buffer of its own otherwise. Rejects with DamagedPayload (core/damaged-payload.ts).
   */
  read: (id: JobId, kind?: QueueKind, openPage?: OpenPage) => Promise<Buffer | undefined>;
  /** What there is of a payload, for a person: where it is damaged its bytes as they lie in Redis, and none where it is gone. */
  salvage: (id: JobId) => Promise<Buffer>;
  /** Those of the ids that have no entry. */
  missing: (ids: readonly JobId[]) => Promise<JobId[]>;
  /**
   * Hands the entry from one queue's job on to another queue's job of the same id, which must be there already.
   * Nothing to do when that was done, or when the entry is gone.
   */
  move: (id: JobId, from: QueueKind, to: QueueKind) => Promise<void>;
  /**
   * Compresses harder what lies for long. An entry that is gone, or waits for another queue's job now, stays as it
   * is. May be repeated.
   */
  shrink: (id: JobId, kind: QueueKind) => Promise<void>;
  /**
   * True when this queue's job has nothing left to do: its entry was handed on to another queue's job of the same id,
   * or a job of this id was counted as done.
   */
  hasLeft: (id: JobId, kind: QueueKind) => Promise<boolean>;
  /**
   * Removes the entry of a done job and counts its tally; the counting happens once, however often this is called. What
   * Segment has accepted (deliver, `ok`) is kept for a while instead: accepted.ts.
   */
  settle: (id: JobId, kind: QueueKind, stage: CountingStage, tally: Tally) => Promise<{ counted: boolean }>;
}
