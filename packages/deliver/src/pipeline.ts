import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import { payloadWaitMs } from "@currents-relay/shared/contracts/waits.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { hold, ok, type Outcome, retry } from "@currents-relay/shared/core/outcome.ts";
import { halves, rejectedCall } from "./core/parcels.ts";
import { verdictOf } from "./core/verdict.ts";
import type { DeliverPorts } from "./ports.ts";

interface BatchJob {
  id: JobId;
  data: DeliverJob;
  /** Aborted when the job is no longer ours: then nothing may be sent. */
  signal: AbortSignal;
}

/** The way of one batch: outage? -> read -> rate -> send -> verdict -> done | split | hold | wait. */
export const deliverBatch =
  (ports: DeliverPorts) =>
  async ({ id, data, signal }: BatchJob): Promise<Outcome<Tally>> => {
    const reason = ports.heldBecause();
    if (reason) return hold(reason);

    const batch = await ports.readBatch(id, data.calls);
    if (!batch) return retry(payloadWaitMs, new Error(`the payload of ${id} is not in the spool`));

    const queued = await ports.takeRate(batch.count, signal);
    if (queued) return retry(queued.afterMs, new Error("the rate of the workspace is used up"));

    const answer = await ports.send(batch, signal);
    // A kill after Segment has accepted and before the job is recorded as done is the one window for a repeat:
    // the same batch goes out again with the same messageIds, which Segment removes.
    const verdict = verdictOf(answer, ports.now());
    ports.noteAttempt(id, batch, verdict);
    switch (verdict.kind) {
      case "delivered":
        return ok({ in: batch.count, ok: batch.count });
      case "split": {
        const parts = halves(id, data, batch);
        // A kill in either hand-over: the batch is sent again, refused again, and the same ids change nothing.
        if (parts) await ports.toDeliver(parts, "first");
        else await ports.toQuarantine([rejectedCall(id, data, { batch, verdict })]);
        return ok(parts ? {} : { in: 1, [`quarantined:${verdict.reason}`]: 1 });
      }
      case "outage":
        await ports.reportRefusal(verdict.reason);
        return hold(verdict.reason);
      case "wait":
        return retry((await ports.backOff(verdict.afterMs)).afterMs, new Error(verdict.why));
    }
  };
