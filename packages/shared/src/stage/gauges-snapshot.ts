import type { Redis } from "ioredis";
import type { RelayConfig, SegmentConfig } from "../config/schema.ts";
import { type FlowSample, withSample } from "../core/flow.ts";
import { errorText } from "../core/error-text.ts";
import { isRedisTrouble } from "../runtime/redis-trouble.ts";
import { type Differences, differencesOf } from "./gauges-conservation.ts";
import { readWorkspace, type WorkspaceReading } from "./gauges-reading.ts";
import { type ByStage, capacityAfter, firstCapacity } from "./gauges-workers.ts";

/** A sample of one workspace's flow, and what its counters said of each other then. */
export interface Sample extends FlowSample {
  differences: Differences;
}

export interface WorkspaceView extends WorkspaceReading {
  /** Of the last minutes, oldest first. */
  samples: Sample[];
}

/** What all gauges are made of: read by one pod, shown by all. */
export interface Snapshot {
  v: 2;
  /** UNIX ms, when it was begun. */
  atMs: number;
  redis: { memoryBytes: number; limitBytes: number };
  workspaces: Record<string, WorkspaceView>;
  workers: ByStage;
  /** Events a second that one process of a stage carries. */
  capacity: ByStage;
}

export const sampling = { everyMs: 10_000, windowMs: 180_000 };

/** Of a file whose events nobody has counted yet; Braze writes a few thousand into one. */
const eventsOfUnknownFile = 5_000;

export interface TakeSnapshot {
  redis: Redis;
  config: RelayConfig;
  workers: ByStage;
  before: Snapshot | undefined;
  nowMs: number;
  /** Told of a workspace that cannot be read: its view of before is kept, if there is one. Left out: rejects. */
  onUnreadable?: (workspace: string, error: unknown) => void;
}

/** A workspace of which Redis has something that cannot be read, and what is wrong with that. */
export interface Unreadable {
  workspace: string;
  why: string;
}

/** As {@link takeSnapshot}, without the workspaces that cannot be read: they are told of beside it. */
export const readableNow = async (
  options: Omit<TakeSnapshot, "onUnreadable">,
): Promise<{ snapshot: Snapshot; unreadable: Unreadable[] }> => {
  const unreadable: Unreadable[] = [];
  const onUnreadable = (workspace: string, error: unknown): void => {
    unreadable.push({ workspace, why: errorText(error) });
  };
  const snapshot = await takeSnapshot({ ...options, onUnreadable });
  for (const { workspace } of unreadable) delete snapshot.workspaces[workspace];
  return { snapshot, unreadable };
};

/** Reads all workspaces; `before` gives the samples to go on from. */
export const takeSnapshot = async (options: TakeSnapshot): Promise<Snapshot> => {
  const { redis, config, workers, before, nowMs } = options;
  const [memory, read] = await Promise.all([
    readMemory(redis, config.redis?.memoryBudget),
    Promise.all(Object.entries(config.workspaces).map(([name, { segment }]) => viewOf(name, segment, options))),
  ]);
  const views = read.filter((view) => view !== undefined);
  const workspaces = Object.fromEntries(views);
  const known = before?.capacity ?? firstCapacity;
  const hasNewSample = views.some(([name, { samples }]) => samples.at(-1) !== before?.workspaces[name]?.samples.at(-1));
  const capacity = hasNewSample ? capacityAfter(known, config, { workspaces, workers }) : known;
  return { v: 2, atMs: nowMs, redis: memory, workspaces, workers, capacity };
};

const viewOf = async (
  name: string,
  { rateGroup = name }: SegmentConfig,
  { redis, before, nowMs, onUnreadable }: TakeSnapshot,
): Promise<[string, WorkspaceView] | undefined> => {
  const earlier = before?.workspaces[name];
  try {
    const reading = await readWorkspace(redis, name, rateGroup);
    const sample: Sample = { ...flowSampleOf(reading, nowMs), differences: differencesOf(reading) };
    return [name, { ...reading, samples: withSample(earlier?.samples ?? [], sample, sampling) }];
  } catch (error) {
    if (!onUnreadable || isRedisTrouble(error)) throw error;
    onUnreadable(name, error);
    return earlier && [name, earlier];
  }
};

/** How far the workspace is. What is in unread files is guessed from those that were read. */
export const flowSampleOf = ({ status }: WorkspaceReading, atMs: number): FlowSample => {
  const { tallies, waiting, filesWaiting } = status;
  const filesDone = tallies.ingest["file:done"] ?? 0;
  const eventsOfFile = filesDone > 0 ? (tallies.ingest.in ?? 0) / filesDone : eventsOfUnknownFile;
  return {
    atMs,
    ended: {
      ingest: tallies.ingest.in ?? 0,
      transform: tallies.transform.in ?? 0,
      deliver: tallies.deliver.in ?? 0,
    },
    waiting: {
      ingest: Math.round(filesWaiting * eventsOfFile),
      transform: waiting.transform,
      deliver: waiting.deliver,
    },
    held: waiting.held,
    delivered: tallies.deliver.ok ?? 0,
  };
};

/** `limitBytes`: the budget, where one is given, else Redis' own maxmemory; 0: there is none. */
export const readMemory = async (redis: Redis, budgetBytes: number | undefined): Promise<Snapshot["redis"]> => {
  const text = await redis.info("memory");
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { memoryBytes: field("used_memory"), limitBytes: budgetBytes ?? field("maxmemory") };
};
