import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { RelayConfig } from "../config/schema.ts";
import type { CountingStage } from "../contracts/tally.ts";
import { keyPrefix } from "../core/keys.ts";
import { type Part, unlessForced } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { beat } from "./gauges-beat.ts";
import { publishWhenRead } from "./gauges-publish.ts";
import { readSnapshot, writeSnapshot } from "./gauges-shared.ts";
import { type Snapshot, takeSnapshot } from "./gauges-snapshot.ts";
import type { ByStage } from "./gauges-workers.ts";

export interface GaugesOptions {
  redis: Redis;
  metrics: Metrics;
  config: RelayConfig;
  log: Logger;
  /** The stages that this process runs. */
  stages: readonly CountingStage[];
  /** Whether they work; else the process does not count as a worker. */
  isReady: () => boolean;
  everyMs?: number;
  /** UNIX ms. */
  now?: () => number;
}

export interface Gauges extends Part {
  apply(config: RelayConfig): void;
  /** Reads and shows once, now. */
  refresh(): Promise<void>;
}

/** String with an expiry: some pod reads the snapshot for all. */
const leaseKey = `${keyPrefix}:gauges-lease`;

const nobody: ByStage = { ingest: 0, transform: 0, deliver: 0 };

/**
 * Keeps the gauges of this process up to date. Of all pods one reads Redis for all of them, so that they agree and many
 * pods cost no more than one; where that cannot be written (Redis is full), each reads for itself.
 */
export const startGauges = (options: GaugesOptions): Gauges => {
  const { redis, metrics, log, stages, isReady, everyMs = 5_000, now = Date.now } = options;
  const process = randomUUID();
  const stopped = new AbortController();
  const [show, onUnreadable] = [publishWhenRead(metrics), sayUnreadable(log)];
  let { config } = options;
  let latest: Snapshot | undefined;
  let ended: Promise<void> | undefined;

  const workersNow = (): Promise<ByStage> =>
    beat(redis, process, isReady() ? stages : []).catch(() => latest?.workers ?? nobody);

  const refresh = async () => {
    const workers = await workersNow();
    const isOurs = await redis.set(leaseKey, process, "PX", Math.round(everyMs * 0.9), "NX").catch(() => null);
    const shared = newer(latest, await readSnapshot(redis));
    // A snapshot that nobody has renewed for three rounds: whoever has the lease does not come to an end with it.
    const isStale = !shared || now() - shared.atMs > 3 * everyMs;
    if (isOurs || isStale) {
      latest = await takeSnapshot({ redis, config, workers, before: shared, nowMs: now(), onUnreadable });
      // Refused by a full Redis: the others then read for themselves too.
      if (isOurs) await writeSnapshot(redis, latest).catch(() => undefined);
    } else latest = shared;
    show(config, latest, now());
    metrics.process.gaugesRefreshed.set(now() / 1_000);
  };

  const refreshAgainAndAgain = async () => {
    while (!stopped.signal.aborted) {
      await refresh().catch((error: unknown) => log.warn({ err: error }, "gauges.not-refreshed"));
      await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };

  const apply = (changed: RelayConfig) => {
    config = changed;
    beginAtZero(metrics, config, stages);
  };

  return {
    name: "gauges",
    apply,
    refresh,
    start: () => {
      apply(config);
      metrics.process.configCurrent.set(1);
      ended = refreshAgainAndAgain();
    },
    drain: async (force) => {
      stopped.abort();
      // While Redis is away a refresh waits for it: the end must not. Nor when Redis has stopped to answer.
      if (redis.status !== "ready") return;
      const goodbye = () => beat(redis, process, []).catch(() => undefined);
      await unlessForced(force, Promise.resolve(ended).then(goodbye));
    },
  };
};

/** Bytes that are not ours, in one workspace, must not blind all others. */
const sayUnreadable = (log: Logger) => (workspace: string, error: unknown) =>
  log.error({ workspace, err: error }, "gauges.unreadable: what Redis has of this workspace is damaged");

const newer = (a: Snapshot | undefined, b: Snapshot | undefined): Snapshot | undefined =>
  a && b ? (a.atMs > b.atMs ? a : b) : (a ?? b);

/** A counter that appears with its first count has no increase: Prometheus must have seen it at 0. */
const beginAtZero = (
  { events, files }: Metrics,
  { workspaces }: RelayConfig,
  stages: readonly CountingStage[],
): void => {
  for (const workspace of Object.keys(workspaces)) {
    for (const stage of stages)
      for (const outcome of ["in", "ok"]) events.inc({ workspace, stage, outcome, reason: "" }, 0);
    if (stages.includes("ingest")) for (const outcome of ["done", "quarantined"]) files.inc({ workspace, outcome }, 0);
  }
};
