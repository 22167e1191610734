import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { OpenPage, Pages } from "@currents-relay/shared/core/pages.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Answer } from "./core/answer.ts";
import type { ReadyBatch } from "./core/ready-batch.ts";
import type { OutageGate } from "./outage-gate.ts";
import type { Verdict } from "./core/verdict.ts";

/** What deliver needs of the outside world to deliver one batch, fresh or held. */
export interface DeliverPorts<Job extends DeliverJob = DeliverJob> {
  /** Where batches are read to: nobody uses it again before these are given back. */
  openPages: () => Pages;
  /** The batch that waits under the job's id; undefined when it is not there (yet, or any more). */
  readBatch: (id: JobId, calls: number, openPage?: OpenPage) => Promise<ReadyBatch | undefined>;
  /** Whether the workspace may send at all, and what was learnt of that by sending. */
  outage: Pick<OutageGate, "look" | "pass" | "settle" | "giveBack">;
  /**
   * Waits until so many events may be sent and resolves with nothing; or, when that is far off, with how long it is.
   * Rejects when the signal aborts.
   */
  takeRate: (events: number, signal: AbortSignal) => Promise<{ afterMs: number } | undefined>;
  /** Ends within the configured request timeout; nothing reads the batch afterwards. */
  send: (batch: ReadyBatch) => Promise<Answer>;
  /** Logs and counts what became of a request. */
  noteAttempt: (id: JobId, batch: ReadyBatch, verdict: Verdict) => void;
  /** For how long nobody of the workspace may send: what Segment asked for, or our own backoff. */
  backOff: (afterMs: number | undefined) => Promise<{ afterMs: number }>;
  /** Back to where the batch came from: for the halves of a batch that is split. */
  toSameQueue: HandOver<Job>;
  toQuarantine: HandOver<QuarantineJob>;
  /** UNIX ms. */
  now: () => number;
}
