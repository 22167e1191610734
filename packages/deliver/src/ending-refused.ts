import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { halves } from "./core/parcels.ts";
import type { RejectReason } from "./core/verdict.ts";
import type { BatchJob } from "./pipeline.ts";
import type { DeliverPorts } from "./ports.ts";

export interface EndingRefusedPorts<Job extends DeliverJob> {
  /** What an earlier run had begun to do with the batch when Segment had refused it. */
  refusedBefore: (id: JobId) => Promise<"split" | RejectReason | undefined>;
  readBatch: DeliverPorts["readBatch"];
  toSameQueue: HandOver<Job>;
}

/**
 * The way of one batch, but for one whose earlier run was killed after Segment had refused it: what that run began is
 * brought to its end, and nothing is sent. Segment could take it this time, and a part of it twice.
 */
export const endingRefused =
  <Job extends DeliverJob>(
    ports: EndingRefusedPorts<Job>,
    deliver: (job: BatchJob<Job>) => Promise<Outcome<Tally>>,
  ): typeof deliver =>
  async (job) => {
    const { id, data, runs } = job;
    const began = runs > 1 ? await ports.refusedBefore(id) : undefined;
    if (began === undefined) return deliver(job);
    if (began !== "split") return ok({ in: 1, [`quarantined:${began}`]: 1 });
    const batch = await ports.readBatch(id, data.calls);
    const parts = batch && halves(id, data, batch);
    if (!parts) return deliver(job); // which tells what is missing
    await ports.toSameQueue(parts, "first");
    return ok({});
  };
