import type { JobId } from "../core/ids.ts";
import type { EventOrigin } from "./event.ts";
import type { HoldReason, QuarantineReason } from "./reasons.ts";

/** The queues of one workspace. `deadletter` and `quarantine` have no workers of their own while all is well. */
export const queueKinds = ["ingest", "transform", "deliver", "deadletter", "quarantine"] as const;
export type QueueKind = (typeof queueKinds)[number];

/**
 * What an operator has read again (`relay backfill`, `relay resend`): its jobs come behind all that is new, in every
 * queue, and it gets the part of the rate that is left.
 */
export interface Reread {
  /** Names the command; the same one again is the same run, which has the same ids. */
  run: string;
  /** Ids that were taken before are no duplicates: only within the run. */
  apart?: true;
  /** Makes messageIds that Segment does not know. */
  salt?: string;
}

/** One object (or the HTTP requests that came together) to read. */
export interface IngestJob {
  v: 1;
  connector: string;
  fileId: string;
  object: { key: string; uri: string; version: string; bytes: number };
  landedAtMs: number;
  /** HTTP requests with so many events, which lie in the spool under the job's own id. */
  requestEvents?: number;
  reread?: Reread;
}

/** One chunk in the spool, under the job's own id. */
export interface TransformJob {
  v: 1;
  connector: string;
  records: number;
  landedAtMs: number;
  /** The object that the records came from. */
  uri: string;
  reread?: Reread;
}

/** One ready request body in the spool, under the job's own id. */
export interface DeliverJob {
  v: 1;
  connector: string;
  calls: number;
  bytes: number;
  /** The landing time (UNIX ms) of the object that the calls came from. */
  landedAtMs: number;
  /** The object, and the first Avro block in it, that the calls came from. */
  origin: { uri: string; blockOffset: number };
  reread?: Reread;
}

/** A batch that is held: the same id and payload as it had in the deliver queue. */
export interface DeadLetterJob extends DeliverJob {
  /** UNIX ms: what the expiry runs from. */
  heldAtMs: number;
  /** Why it was held first. */
  heldFor: HoldReason;
}

/**
 * Events of one job set aside for one reason. The events themselves are in the spool under the job's own id: one JSON
 * line each (for a file that cannot be read: none).
 */
export interface QuarantineJob {
  v: 1;
  connector: string;
  reason: QuarantineReason;
  /** One sentence on the first of them, without any content of an event. */
  detail: string;
  /** How many events; 0 where that cannot be known (a torn block, an unreadable file). */
  events: number;
  /** Of the first of them. */
  origin: EventOrigin;
  eventType?: string;
  eventId?: string;
  landedAtMs: number;
  /** The job that set them aside. */
  from: JobId;
  /** The re-reading that this job was of: a replay claims ids and makes messageIds as the job would have. */
  ofReread?: Reread;
}
