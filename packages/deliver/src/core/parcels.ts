import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import { halfJobId, type JobId, quarantineJobId } from "@currents-relay/shared/core/ids.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import { bisect } from "./bisect.ts";
import type { ReadyBatch } from "./ready-batch.ts";
import { rejectReasons, type RejectReason, type Verdict } from "./verdict.ts";

/** The two halves of a batch, in order, as work of their own; undefined for a single call. */
export const halves = <Job extends DeliverJob>(id: JobId, data: Job, batch: ReadyBatch): Parcel<Job>[] | undefined =>
  bisect(batch)?.map((half, index) => ({
    id: halfJobId(id, index === 0 ? "a" : "b"),
    events: half.count,
    payload: half.calls,
    data: { ...data, calls: half.count, bytes: half.calls.length },
  }));

/** What may be there of a batch that Segment refused: a job of this id, and what it says was begun. */
export const tracesOfRefusal = (id: JobId): readonly (readonly [trace: JobId, began: "split" | RejectReason])[] => [
  [halfJobId(id, "a"), "split"],
  ...rejectReasons.map((reason) => [quarantineJobId(id, reason), reason] as const),
];

/** The call that Segment refuses even alone, for an engineer to look at. */
export const rejectedCall = (
  id: JobId,
  { connector, landedAtMs, origin, reread }: DeliverJob,
  { batch, verdict }: { batch: ReadyBatch; verdict: Extract<Verdict, { kind: "split" }> },
): Parcel<QuarantineJob> => {
  // Our own JSON: transform made it of a TrackCall, and bisect leaves calls whole.
  const call = JSON.parse(batch.calls.toString()) as { messageId: string; event: string };
  return {
    id: quarantineJobId(id, verdict.reason),
    events: 1,
    payload: Buffer.from(JSON.stringify({ reason: verdict.reason, eventId: call.messageId, call })),
    data: {
      v: 1,
      connector,
      reason: verdict.reason,
      detail: `${verdict.why} to the call "${call.event}" alone`,
      events: 1,
      origin: { ...origin, recordIndex: 0 },
      eventId: call.messageId,
      landedAtMs,
      from: id,
      ...(reread && { ofReread: reread }),
    },
  };
};
