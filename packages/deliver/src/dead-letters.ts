import type { DeadLetterJob, DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";

/** Where a workspace's batches wait out an outage, oldest first. */
export interface DeadLetters {
  /**
   * Moves a batch here from the deliver queue: its id and its payload stay what they are, so only the place of a
   * reference changes. May be repeated.
   */
  hold: (batch: { id: JobId; data: DeliverJob }, reason: HoldReason) => Promise<void>;
  /** Since when the oldest one is held (UNIX ms); undefined when there is none, neither waiting nor in hand. */
  oldestHeldMs: () => Promise<number | undefined>;
}

/** What happens to a held batch that nobody could send within the window. */
export interface Expiry {
  afterMs: number;
  then: "keep" | "archive" | "drop";
}

/** Writes a batch where it outlives Redis; resolves with true when it is safe there, with false when it cannot be now. */
export type ArchiveBatch = (id: JobId, data: DeadLetterJob) => Promise<boolean>;
