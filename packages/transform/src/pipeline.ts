import type { TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import { removedConnectorWaitMs } from "@currents-relay/shared/contracts/waits.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { missingPayload } from "@currents-relay/shared/core/missing-payload.ts";
import { ok, type Outcome, retry } from "@currents-relay/shared/core/outcome.ts";
import type { OpenPage } from "@currents-relay/shared/core/pages.ts";
import { mapChunk, type ReadyCall } from "./core/map-chunk.ts";
import { pack } from "./core/pack.ts";
import { deliverParcels, quarantineParcels } from "./core/parcels.ts";
import type { ConnectorRules } from "./core/rules.ts";
import { tallyOf } from "./core/tally-of.ts";
import type { TransformPorts } from "./ports.ts";

interface ChunkJob {
  id: JobId;
  data: TransformJob;
  /** How long ago it was added. */
  ageMs: number;
}

/**
 * The way of one chunk: read -> select, map, check -> claim -> pack -> hand over. Everything is a function of the
 * chunk and its owner's claims, so a chunk that runs twice makes the same batches under the same ids.
 */
export const transformChunk =
  (ports: TransformPorts, rules: ConnectorRules | undefined) =>
  async ({ id, data, ageMs }: ChunkJob): Promise<Outcome<Tally>> => {
    if (!rules) return retry(removedConnectorWaitMs, new Error(`the connector ${data.connector} is not configured`));
    using pages = ports.openPages(); // until all of it has been handed over
    const read = await readAndMap(ports, rules, { id, data, openPage: pages.open });
    if (!read) return missingPayload(id, ageMs);
    const { header, mapped, setAside } = read;
    ports.countUnknownTypes(mapped.unknownTypes.values().reduce((sum, count) => sum + count, 0));

    const claimed = await ports.claim(
      id,
      mapped.calls.map((call) => call.id),
    );
    // A kill here leaves claims of this chunk: it runs again as the same owner and wins them again.
    const ours: ReadyCall[] = mapped.calls.filter((_, index) => claimed[index]);

    await ports.toQuarantine(setAside);
    // A kill here leaves some set aside: they are set aside again under the same ids, which changes nothing.
    await ports.toDeliver(deliverParcels(id, header, pack(ours, ports.mostCalls), data.reread));
    // A kill here leaves all handed over and the job open: it runs again and finds every id taken.
    return ok(tallyOf(mapped, ours.length));
  };

/** Nothing that waits holds the bytes of the chunk itself any more: they would be kept for long (ADR 0024). */
const readAndMap = async (
  ports: TransformPorts,
  rules: ConnectorRules,
  { id, data, openPage }: Pick<ChunkJob, "id" | "data"> & { openPage: OpenPage },
) => {
  const chunk = await ports.readChunk(id, openPage);
  if (!chunk) return undefined;
  const mapped = mapChunk(chunk, rules, openPage);
  const setAside = quarantineParcels(id, chunk, mapped.quarantined, data.reread);
  return { header: chunk.header, mapped, setAside };
};
