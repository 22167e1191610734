import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { ReadyBatch } from "./core/ready-batch.ts";
import type { Verdict } from "./core/verdict.ts";
import type { SegmentTransport } from "./transport.ts";

/** What deliver needs of the outside world to deliver one batch. */
export interface DeliverPorts {
  /** The batch that waits under the job's id; undefined when it is not there (yet, or any more). */
  readBatch: (id: JobId, calls: number) => Promise<ReadyBatch | undefined>;
  /** Why nothing may be sent now; undefined when it may. */
  heldBecause: () => HoldReason | undefined;
  /**
   * Waits until so many events may be sent and resolves with nothing; or, when that is far off, with how long it is.
   * Rejects when the signal aborts.
   */
  takeRate: (events: number, signal: AbortSignal) => Promise<{ afterMs: number } | undefined>;
  send: SegmentTransport["send"];
  /** Logs and counts what became of a request. */
  noteAttempt: (id: JobId, batch: ReadyBatch, verdict: Verdict) => void;
  /** Segment refused the credentials: nothing more may be sent until that is repaired. */
  reportRefusal: (reason: HoldReason) => Promise<void>;
  /** For how long nobody of the workspace may send: what Segment asked for, or our own backoff. */
  backOff: (afterMs: number | undefined) => Promise<{ afterMs: number }>;
  toDeliver: HandOver<DeliverJob>;
  toQuarantine: HandOver<QuarantineJob>;
  /** UNIX ms. */
  now: () => number;
}
