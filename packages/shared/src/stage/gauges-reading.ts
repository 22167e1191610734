import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import { keyPrefix, outageKey, queueName, rateKey, sourceFaultsKey, spoolUsageKey, tallyKey } from "../core/keys.ts";
import { oldestOf } from "../core/lag.ts";
import { fieldsOf, luaScript } from "../runtime/lua-script.ts";
import { type OutageReading, outageReading } from "./gauges-outage.ts";
import { type SchemaCount, schemaCountsKey, schemaCountsOf } from "./schema-counts.ts";
import { type SourceFault, sourceFaultsOf } from "./source-faults.ts";
import { statusOf, type WorkspaceStatus } from "./status.ts";

/** What Redis knows of one workspace, as far as gauges tell it. Times are UNIX ms. */
export interface WorkspaceReading {
  status: WorkspaceStatus;
  /** Jobs in hand or waiting, by stage: with none, nothing of the stage is under way. */
  jobs: { ingest: number; transform: number; deliver: number };
  /** When the oldest event landed that is not delivered. */
  oldestMs?: number | undefined;
  oldestHeldMs?: number | undefined;
  outage: OutageReading;
  /** Segment asked us to wait until then; 0 when it did not. */
  backOffUntilMs: number;
  schemas: Record<string, SchemaCount>;
  sourceFaults: SourceFault[];
}

const kindsRead = ["ingest", "transform", "deliver", "deadletter", "quarantine"] as const satisfies QueueKind[];

const readingScript = luaScript(new URL("./gauges-reading.lua", import.meta.url));
/** What the script answers with; null where a key is not there. */
type Answer = [
  ...hashes: [tally: string[], usage: string[], schemas: string[], faults: string[]],
  outage: string | null,
  notBefore: string | null,
  ...queues: (number | string[])[],
];

/**
 * Reads one workspace, in one step and one round trip.
 * @param rateGroup whose pacing tells whether Segment asked us to wait
 */
export const readWorkspace = async (redis: Redis, workspace: string, rateGroup: string): Promise<WorkspaceReading> => {
  const keys = [
    tallyKey(workspace),
    spoolUsageKey(workspace),
    schemaCountsKey(workspace),
    sourceFaultsKey(workspace),
    outageKey(workspace),
    rateKey(rateGroup),
  ];
  const queues = kindsRead.map((kind) => `${keyPrefix}:${queueName(kind, workspace)}:`);
  const answer = (await readingScript(redis, keys, queues)) as Answer; // the script's own
  const [tally, usage, schemas, faults, outage, notBefore, ...counts] = answer;
  const [ingest, transform, deliver, deadletter, quarantine] = kindsRead.map((_, index) =>
    queueReading(counts[2 * index] as number, counts[2 * index + 1] as string[]),
  ) as [QueueReading, QueueReading, QueueReading, QueueReading, QueueReading]; // as many as kinds
  const jobs = { filesWaiting: ingest.jobs, quarantineEntries: quarantine.jobs };
  return {
    status: statusOf(workspace, { tally: fieldsOf(tally), usage: fieldsOf(usage), ...jobs }),
    jobs: { ingest: ingest.jobs, transform: transform.jobs, deliver: deliver.jobs },
    oldestMs: oldestOf([ingest, transform, deliver, deadletter].map(({ landedAtMs }) => landedAtMs)),
    oldestHeldMs: deadletter.heldAtMs,
    outage: outageReading(outage ?? undefined),
    backOffUntilMs: Number(notBefore ?? 0),
    schemas: schemaCountsOf(fieldsOf(schemas)),
    sourceFaults: sourceFaultsOf(fieldsOf(faults)),
  };
};

interface QueueReading {
  jobs: number;
  landedAtMs: number | undefined;
  heldAtMs: number | undefined;
}

/** Every job of these queues says when its events landed; a dead letter says since when it is held. */
interface Ages {
  landedAtMs?: number;
  heldAtMs?: number;
}

const queueReading = (jobs: number, data: readonly string[]): QueueReading => {
  // Our own words (contracts/jobs.ts).
  const ages = data.map((text) => JSON.parse(text) as Ages);
  return {
    jobs,
    landedAtMs: oldestOf(ages.map(({ landedAtMs }) => landedAtMs)),
    heldAtMs: oldestOf(ages.map(({ heldAtMs }) => heldAtMs)),
  };
};
