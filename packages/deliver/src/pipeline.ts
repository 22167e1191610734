import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { missingPayload } from "@currents-relay/shared/core/missing-payload.ts";
import { hold, ok, type Outcome, retry } from "@currents-relay/shared/core/outcome.ts";
import type { OpenPage } from "@currents-relay/shared/core/pages.ts";
import type { Clearance } from "./core/outage-clearance.ts";
import { halves, rejectedCall } from "./core/parcels.ts";
import type { ReadyBatch } from "./core/ready-batch.ts";
import { verdictOf } from "./core/verdict.ts";
import type { DeliverPorts } from "./ports.ts";

export interface BatchJob<Job extends DeliverJob> {
  id: JobId;
  data: Job;
  /** How long ago it was added. */
  ageMs: number;
  /** How often it was begun, this time included. */
  runs: number;
  /** Aborted when the job is no longer ours: then nothing may be sent. */
  signal: AbortSignal;
}

/** How long a batch waits for a word on the credentials. */
const credentialWaitMs = 200;

/** The way of one batch: outage? -> read, rate -> outage? -> send -> verdict -> done | split | hold | wait. */
export const deliverBatch =
  <Job extends DeliverJob>(ports: DeliverPorts<Job>) =>
  async ({ id, data, ageMs, runs, signal }: BatchJob<Job>): Promise<Outcome<Tally>> => {
    const barred = barrier(ports.outage.look());
    if (barred) return barred;

    using pages = ports.openPages(); // until the batch is settled
    const read = await readWithRate(ports, { id, data, runs, signal, openPage: pages.open });
    if (!read) return missingPayload(id, ageMs);
    const { batch, queued } = read;
    if (queued) return retry(queued.afterMs, new Error("the rate of the workspace is used up"));

    const pass = await ports.outage.pass();
    if (pass.kind !== "send") return barrier(pass) ?? retry(credentialWaitMs, new Error("the trial is another's"));
    if (signal.aborted) await ports.outage.giveBack(pass);
    signal.throwIfAborted();
    // A kill here: a trial that was taken is free again after its time.
    // Not cut short by anything but its own timeout: what Segment has received must not go out again.
    const answer = await ports.send(batch);
    // A kill after Segment has accepted and before the job is recorded as done is the one window for a repeat:
    // the same batch goes out again with the same messageIds, which Segment removes.
    const verdict = verdictOf(answer, ports.now());
    ports.noteAttempt(id, batch, verdict);
    await ports.outage.settle(pass, verdict, batch.count);

    switch (verdict.kind) {
      case "delivered":
        return ok({ in: batch.count, ok: batch.count });
      case "split": {
        const parts = halves(id, data, batch);
        // A kill in either hand-over: the next run brings it to its end (ending-refused.ts), and sends nothing.
        if (parts) await ports.toSameQueue(parts, "first");
        else await ports.toQuarantine([rejectedCall(id, data, { batch, verdict })]);
        return ok(parts ? {} : { in: 1, [`quarantined:${verdict.reason}`]: 1 });
      }
      case "outage":
        return hold(verdict.reason);
      case "wait":
        return retry((await ports.backOff(verdict.afterMs)).afterMs, new Error(verdict.why));
    }
  };

/**
 * The batch and its part of the rate, in one wait for Redis instead of two; undefined where there is no batch. Only the
 * first run may take rate for a batch that cannot be read: later ones read first, however often they look.
 */
const readWithRate = async (
  { readBatch, takeRate }: Pick<DeliverPorts, "readBatch" | "takeRate">,
  { id, data, runs, signal, openPage }: Omit<BatchJob<DeliverJob>, "ageMs"> & { openPage: OpenPage },
) => {
  if (runs > 1) {
    const batch = await readBatch(id, data.calls, openPage);
    return batch && { batch, queued: await takeRate(data.calls, signal) };
  }
  const inVain = new AbortController();
  const reading = readBatch(id, data.calls, openPage);
  const rate = takeRate(data.calls, AbortSignal.any([signal, inVain.signal]));
  rate.catch(() => undefined); // heard of below, unless nobody waits for it any more
  let batch: ReadyBatch | undefined;
  try {
    batch = await reading;
    return batch && { batch, queued: await rate };
  } finally {
    if (!batch) inVain.abort();
  }
};

/** What bars the way before anything is sent; undefined: nothing does. */
const barrier = (clearance: Clearance): Outcome<never> | undefined => {
  switch (clearance.kind) {
    case "send":
    case "try":
      return undefined;
    case "hold":
      return hold(clearance.reason);
    case "wait":
      return retry(credentialWaitMs, new Error("no word on the credentials yet"));
  }
};
