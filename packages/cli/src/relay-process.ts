import type { IngestStage } from "@currents-relay/ingest/main.ts";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { loadConfig } from "@currents-relay/shared/config/load.ts";
import type { RelayConfig } from "@currents-relay/shared/config/schema.ts";
import { watchConfig } from "@currents-relay/shared/config/watch.ts";
import { configFingerprint } from "@currents-relay/shared/config/fingerprint.ts";
import { adminServer } from "@currents-relay/shared/runtime/admin-server.ts";
import { createLifecycle, type Lifecycle, type Part, unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import { createLogger, type Logger } from "@currents-relay/shared/runtime/logger.ts";
import { createMetrics, type Metrics } from "@currents-relay/shared/runtime/metrics.ts";
import { connectRedis, faultOfPlace, unsafeSettings } from "@currents-relay/shared/runtime/redis.ts";
import { pageReader } from "@currents-relay/shared/page/read-page.ts";
import { statusPage } from "@currents-relay/shared/page/status-page.ts";
import { type Gauges, startGauges } from "@currents-relay/shared/stage/gauges.ts";
import type { Stage, StageContext } from "@currents-relay/shared/stage/stage.ts";
import type { Redis } from "ioredis";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { GoodConfig } from "./read-config.ts";
import { redisAddress } from "./redis-answers.ts";

export type StageName = "ingest" | "transform" | "deliver";

export interface ProcessOptions {
  loaded: GoodConfig;
  redisUrl: string;
  stages: readonly StageName[];
  adminPort?: number | undefined;
  logLevel?: string | undefined;
  /** The run ends by itself when everything that is there has been taken. */
  isOnce?: boolean;
}

export interface RelayProcess {
  lifecycle: Lifecycle;
  redis: Redis;
  log: Logger;
  /** Where the status page, /livez, /readyz and /metrics are, once started. */
  adminUrl: () => string;
  /** The ingest stage, where this process has it. */
  ingest: IngestStage | undefined;
}

/** Composes one process: Redis, the stages asked for, the admin port, and the watch over the configuration. */
export const composeProcess = async (options: ProcessOptions): Promise<RelayProcess> => {
  const { loaded, redisUrl, stages, adminPort, logLevel, isOnce = false } = options;
  const environment = readEnvironment();
  const log = createLogger({ level: environment.logLevel ?? logLevel ?? "info", terminal: process.stderr.isTTY });
  const redis = connectRedis(redisUrl, log);
  const context: StageContext = { redis, log, metrics: createMetrics() };
  const { config } = loaded;
  const inForce = { config };
  for (const doubt of loaded.doubts) log.warn(`config.doubt: ${doubt}`);
  const { running, ingest } = await openStages(context, config, { stages, isOnce });
  const gauges = startGauges({
    redis,
    metrics: context.metrics,
    config,
    log,
    stages,
    isReady: () => running.every((stage) => stage.isWorking()),
  });
  const admin = adminServer({
    host: config.admin.host,
    port: adminPort ?? config.admin.port,
    registry: context.metrics.registry,
    unreadyReasons: async () => [...(await redisFaults(redis)), ...running.flatMap((stage) => stage.unreadyReasons())],
    page: statusPage({
      ...config.admin,
      read: pageReader({ redis, config: () => inForce.config, now: Date.now }),
      log,
    }),
    log,
  });
  const parts: Part[] = [
    redisPart(redis, log, { production: environment.production, isOnce }),
    admin,
    gauges,
    ...(isOnce ? running.map(openingAll) : running),
    configPart(loaded, { stages: running, gauges, metrics: context.metrics, log, inForce }),
  ];
  const adminUrl = () => `http://${config.admin.host}:${admin.port()}`;
  return { lifecycle: createLifecycle(parts, log), redis, log, ingest, adminUrl };
};

interface Opened {
  /** In the order in which they are started. */
  running: Stage[];
  ingest: IngestStage | undefined;
}

/** Loads the stages that are asked for, and no other: each has libraries of its own. */
const openStages = async (
  context: StageContext,
  config: RelayConfig,
  { stages, isOnce }: { stages: readonly StageName[]; isOnce: boolean },
): Promise<Opened> => {
  const load = async <Loaded>(stage: StageName, main: () => Promise<Loaded>): Promise<Loaded | undefined> =>
    stages.includes(stage) ? main() : undefined;
  const [deliver, transform, ingesting] = await Promise.all([
    load("deliver", () => import("@currents-relay/deliver/main.ts")),
    load("transform", () => import("@currents-relay/transform/main.ts")),
    load("ingest", () => import("@currents-relay/ingest/main.ts")),
  ]);
  const ingest = ingesting?.ingestStage(context, config, { isThorough: isOnce });
  // Last first: whoever takes work over is there before it is given, and a drain goes along with the events.
  const running = [deliver?.deliverStage(context, config), transform?.transformStage(context, config), ingest];
  return { running: running.filter((stage) => stage !== undefined), ingest };
};

/** How long a probe waits for Redis before it says that the process is not ready. */
const probeMs = 1_000;

const redisFaults = async (redis: Redis): Promise<string[]> => {
  const answer = redis.set("relay:writable", "1", "EX", 60).then(
    () => [],
    (error: unknown) => [`Redis cannot be written: ${errorText(error)}`],
  );
  const late = new Promise<string[]>((resolve) => {
    setTimeout(() => resolve([`Redis did not answer within ${probeMs} ms`]), probeMs).unref();
  });
  return Promise.race([answer, late]);
};

interface HowToRun {
  production: boolean;
  /** Somebody waits for the end, and is told what would keep it from coming. */
  isOnce: boolean;
}

const redisPart = (redis: Redis, log: Logger, { production, isOnce }: HowToRun): Part => ({
  name: "redis",
  start: async () => {
    const place = await faultOfPlace(redis);
    if (place && (place.kind === "cluster" || (isOnce && place.kind !== "refused")))
      throw new CommandError(exitCodes.unavailable, `Redis at ${redisAddress(redis)} cannot be used: ${place.message}`);
    if (place) log.warn(`redis.unusable: ${place.message}`);
    const faults = await unsafeSettings(redis);
    if (faults.length > 0 && production)
      throw new CommandError(
        exitCodes.unavailable,
        `This Redis would lose events:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
      );
    for (const fault of faults) log.warn(`redis.unsafe: ${fault}`);
  },
  drain: async (force) => {
    // With Redis gone there is nobody to say goodbye to.
    if (redis.status === "ready") await unlessForced(force, redis.quit());
    redis.disconnect();
  },
});

/** A run that somebody waits for would not come to its end without one of the workspaces. */
const openingAll = (stage: Stage): Part => ({
  name: stage.name,
  start: async () => {
    await stage.start?.();
    const faults = stage.notOpen();
    if (faults.length > 0) throw new CommandError(exitCodes.unavailable, faults.join("\n"));
  },
  drain: (force) => stage.drain(force),
});

interface ConfigUsers {
  stages: readonly Stage[];
  gauges: Gauges;
  metrics: Metrics;
  log: Logger;
  /** Shown by the status page. */
  inForce: { config: RelayConfig };
}

const configPart = (loaded: GoodConfig, { stages, gauges, metrics, log, inForce }: ConfigUsers): Part => {
  let watcher: { stop(): void } | undefined;
  const apply = ({ config, doubts }: GoodConfig) => {
    for (const doubt of doubts) log.warn(`config.doubt: ${doubt}`);
    for (const key of ["redis", "admin", "http"] as const)
      if (configFingerprint(config[key] ?? {}) !== configFingerprint(loaded.config[key] ?? {}))
        log.warn(`config.needs-restart: a change of ${key} takes effect with the next start`);
    metrics.process.configCurrent.set(1);
    inForce.config = config;
    gauges.apply(config);
    Promise.all(stages.map(async (stage) => stage.apply(config))).then(
      () => log.info({ workspaces: Object.keys(config.workspaces) }, "config.applied"),
      (error: unknown) => log.error({ err: error }, "config.not-applied"),
    );
  };
  return {
    name: "configuration",
    start: () => {
      watcher = watchConfig({
        first: loaded,
        load: () => loadConfig(loaded.file, readEnvironment()),
        onChange: (changed) => {
          if (changed.kind === "ok") apply(changed);
          else {
            metrics.process.configCurrent.set(0);
            log.error({ faults: changed.faults }, "config.refused: the last good one stays in force");
          }
        },
      });
    },
    drain: () => watcher?.stop(),
  };
};
