import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { jobKey, keyPrefix, outageKey, queueName, rateKey } from "../core/keys.ts";
import { oldestOf } from "../core/lag.ts";
import { answersOf } from "../runtime/pipeline-answers.ts";
import { type OutageReading, outageReading } from "./gauges-outage.ts";
import { readSchemaCounts, type SchemaCount } from "./schema-counts.ts";
import { readSourceFaults, type SourceFault } from "./source-faults.ts";
import { readWorkspaceStatus, type WorkspaceStatus } from "./status.ts";

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

const undeliveredKinds = ["ingest", "transform", "deliver", "deadletter"] as const satisfies QueueKind[];
type UndeliveredKind = (typeof undeliveredKinds)[number];

/** BullMQ takes from the right end; the order of landing is nearly, but not quite, the order there. */
const nextWaiting = 5;
/** More are in hand at a time only with very many pods; then the age of the oldest is nearly right. */
const inHand = 50;
const nextDelayed = 5;

/**
 * Reads one workspace. The cost does not depend on the backlog: a fixed number of commands, lists by their ends only.
 * @param rateGroup whose pacing tells whether Segment asked us to wait
 */
export const readWorkspace = async (redis: Redis, workspace: string, rateGroup: string): Promise<WorkspaceReading> => {
  const [status, queues, outage, notBefore, schemas, sourceFaults] = await Promise.all([
    readWorkspaceStatus(redis, workspace),
    Promise.all(undeliveredKinds.map((kind) => readQueue(redis, workspace, kind))),
    redis.get(outageKey(workspace)),
    redis.hget(rateKey(rateGroup), "notBefore"),
    readSchemaCounts(redis, workspace),
    readSourceFaults(redis, workspace),
  ]);
  const [ingest, transform, deliver, deadletter] = queues;
  return {
    status,
    jobs: { ingest: ingest?.jobs ?? 0, transform: transform?.jobs ?? 0, deliver: deliver?.jobs ?? 0 },
    oldestMs: oldestOf(queues.map(({ landedAtMs }) => landedAtMs)),
    oldestHeldMs: deadletter?.heldAtMs,
    outage: outageReading(outage ?? undefined),
    backOffUntilMs: Number(notBefore ?? 0),
    schemas,
    sourceFaults,
  };
};

interface QueueReading {
  jobs: number;
  landedAtMs?: number | undefined;
  heldAtMs?: number | undefined;
}

const readQueue = async (redis: Redis, workspace: string, kind: UndeliveredKind): Promise<QueueReading> => {
  const queue = `${keyPrefix}:${queueName(kind, workspace)}`;
  const [waiting, active, delayed, behind, next, held, later] = (await answersOf(
    redis
      .pipeline()
      .llen(`${queue}:wait`)
      .llen(`${queue}:active`)
      .zcard(`${queue}:delayed`)
      .zcard(`${queue}:prioritized`)
      .lrange(`${queue}:wait`, -nextWaiting, -1)
      .lrange(`${queue}:active`, 0, inHand - 1)
      .zrange(`${queue}:delayed`, 0, String(nextDelayed - 1)),
  )) as [number, number, number, number, string[], string[], string[]]; // what these commands answer with
  const jobs = await readJobs(redis, workspace, kind, [...next, ...held, ...later]);
  return {
    jobs: waiting + active + delayed + behind,
    landedAtMs: oldestOf(jobs.map(({ landedAtMs }) => landedAtMs)),
    heldAtMs: oldestOf(jobs.map(({ heldAtMs }) => heldAtMs)),
  };
};

/** Every job of these queues says when its events landed; a dead letter says since when it is held. */
interface Ages {
  landedAtMs?: number;
  heldAtMs?: number;
}

const readJobs = async (
  redis: Redis,
  workspace: string,
  kind: UndeliveredKind,
  ids: readonly string[],
): Promise<Ages[]> => {
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  // BullMQ's lists have the ids that our jobs were added with.
  for (const id of ids) pipeline.hget(jobKey(kind, workspace, id as JobId), "data");
  const data = (await answersOf(pipeline)) as (string | null)[]; // HGET answers so
  // A job may end between the two reads. Our own words (contracts/jobs.ts).
  return data.filter((text) => text !== null).map((text) => JSON.parse(text) as Ages);
};
