import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { addTallies, type Tally } from "@currents-relay/shared/contracts/tally.ts";
import { removedConnectorWaitMs } from "@currents-relay/shared/contracts/waits.ts";
import { DamagedPayload } from "@currents-relay/shared/core/damaged-payload.ts";
import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { missingPayload } from "@currents-relay/shared/core/missing-payload.ts";
import { ok, type Outcome, retry } from "@currents-relay/shared/core/outcome.ts";
import type { JobEnd } from "@currents-relay/shared/queues/job-end.ts";
import type { Item } from "@currents-relay/shared/queues/stage-worker.ts";
import { absenceOf } from "./core/absent-object.ts";
import { cutChunks } from "./core/chunk.ts";
import type { ContainerLimits } from "./core/limits.ts";
import { SourceUnavailable } from "./core/source-unavailable.ts";
import { ObjectChanged } from "./core/object-changed.ts";
import type { ObjectProgress } from "./core/object-progress.ts";
import { chunkParcel, faultParcel } from "./core/parcels.ts";
import { readOn } from "./core/read-on.ts";
import { cutLines } from "./core/request-body.ts";
import { isTornByHaste, settleMs } from "./core/torn-by-haste.ts";
import type { FileFate, IngestPorts, RequestPorts } from "./ports.ts";

/** How long to wait when the workspace's share of the spool, or Redis, is full. */
const pauseWaitMs = 500;
/** What is read again is only fed in while fewer events than these wait or are held: enough to send for some seconds. */
const mostAheadOfReread = 15_000;
const rereadWaitMs = 1_000;

/** The way of one object: read -> blocks -> chunks -> hand over, fault by fault and chunk by chunk -> ledger. */
export const ingestObject =
  (
    ports: IngestPorts | undefined,
    { limits, spoolBudgetBytes }: { limits: ContainerLimits; spoolBudgetBytes: number },
  ) =>
  async ({ id, data, signal, saveProgress, ...item }: Item<IngestJob>): Promise<Outcome<JobEnd>> => {
    if (!ports) return retry(removedConnectorWaitMs, new Error(`the connector ${data.connector} is not configured`));
    const waitMs = data.reread ? rereadWaitMs : pauseWaitMs;
    const obstacle = await obstacleFor(ports, data);
    if (obstacle) return retry(waitMs, new Error(`${obstacle}: nothing more is taken`));
    // Written by saveProgress below, by an earlier run of this job.
    let progress = (item.progress as ObjectProgress | undefined) ?? { tally: {} };
    const { resumeAt } = progress;
    let { tally } = progress;
    let fate: FileFate = "read";
    using pages = ports.openPages(); // a chunk is good until the next one is asked for
    const open = (fromByte: number) => ports.read({ ...data.object, landedAtMs: data.landedAtMs }, fromByte, signal);
    try {
      const parts = readOn(open, limits, resumeAt);
      for await (const part of cutChunks(parts, ports.chunkSource(data), resumeAt, pages.open)) {
        if (part.kind === "fault") {
          if (isTornByHaste(part, { ...data, ...item }, ports.now())) return retry(settleMs, new Error(part.message));
          await ports.toQuarantine([faultParcel(part, id, data)]);
          // A kill here: the fault is met and set aside again, under the same id.
          tally = { ...tally, "file:quarantined": 1 };
        } else {
          const { spoolBytes } = await ports.toTransform([chunkParcel(part, data)]);
          // A kill here: this chunk is read and handed over again, under the same id; transform has it once.
          tally = addTallies(tally, { in: part.chunk.header.records, ok: part.chunk.header.records });
          progress = { resumeAt: part.resumeAt, tally };
          await saveProgress(progress);
          if (spoolBytes > spoolBudgetBytes || (await obstacleFor(ports, data)))
            return retry(waitMs, new Error("Redis holds as much of the workspace as it may"));
        }
      }
    } catch (error) {
      if (error instanceof SourceUnavailable) return retry(error.afterMs, error);
      if (!(error instanceof ObjectChanged)) throw error;
      // What is read again and is not there is told of by the command.
      const absence = data.reread ? undefined : absenceOf(error, { ...progress, tally }, ports.now());
      if (absence?.progress) await saveProgress(absence.progress);
      if (absence) return absence.outcome;
      // What was taken of the old version stays taken (ids are remembered).
      tally = { ...tally, "file:quarantined": 0 };
      fate = "changed";
    }
    await ports.ledger.finish(data.fileId as FileId, fate); // brand: the lister made it with core/ids.ts
    // A kill here: the job runs again from its last progress, and ends here again.
    return ok(tally["file:quarantined"] === undefined ? { ...tally, "file:done": 1 } : tally);
  };

/** Why nothing more of an object may be taken now; undefined: it may. */
const obstacleFor = async (ports: IngestPorts, { reread }: IngestJob): Promise<string | undefined> => {
  if (reread && (await ports.eventsAhead()) >= mostAheadOfReread) return "what waits and is held goes first";
  return ports.pause();
};

/** The way of HTTP requests that were accepted together: their events -> chunks -> hand over. */
export const ingestRequest =
  (ports: RequestPorts) =>
  async ({ id, data, ageMs }: Pick<Item<IngestJob>, "id" | "data" | "ageMs">): Promise<Outcome<Tally>> => {
    const lines = await ports.readRequest(id);
    // Relays before 2026-11-29 could leave an empty one in its place.
    if (!lines?.length) return missingPayload(id, ageMs);
    if (lines.length !== data.requestEvents)
      throw new DamagedPayload(`its payload holds ${lines.length} of ${data.requestEvents} events`);
    await ports.toTransform(cutLines(lines, ports.chunkSource(data)).map((part) => chunkParcel(part, data)));
    // A kill here: it runs again, and hands over the same chunks under the same ids.
    return ok({ in: lines.length, ok: lines.length, "file:done": 1 });
  };
