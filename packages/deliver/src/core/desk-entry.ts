import type { DeadLetterJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HoldReason, QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";

/** The queues that wait for somebody to act. */
export const deskQueues = ["deadletter", "quarantine"] as const;
export type DeskQueue = (typeof deskQueues)[number];

/** An entry of quarantine that was replayed in part. */
export interface RestoredInPart extends QuarantineJob {
  /** Batches that have left it; left out: none. */
  batches?: number;
  /** It is decided which lines leave it; they may be on their way already. Only a replay may go on with it. */
  isLeaving?: true;
  /** Under which id its events are claimed, if not its own: it was archived and came back. */
  claimedAs?: JobId;
}

interface EntryFacts {
  id: JobId;
  connector: string;
  /** 0 where nobody knows. */
  events: number;
  /** Since when it is there (UNIX ms). */
  sinceMs: number;
  /** A worker has it now. */
  isInHand: boolean;
  /** The job's data as it is stored: an entry is ended only while it still is. */
  stored: string;
}

/** One entry of either queue, as an operator sees it. */
export type DeskEntry = EntryFacts &
  (
    | { queue: "deadletter"; reason: HoldReason; data: DeadLetterJob }
    | { queue: "quarantine"; reason: QuarantineReason; data: RestoredInPart }
  );

/** A replay of it was interrupted: a part of it may be in the deliver queue already, so it must not end otherwise. */
export const isOnItsWay = (entry: DeskEntry): boolean => entry.queue === "quarantine" && entry.data.isLeaving === true;
