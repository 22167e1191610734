import type { ConnectorConfig, RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import type { IngestJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { addTallies, type Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import { unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import { startStageWorker } from "@currents-relay/shared/queues/stage-worker.ts";
import {
  createStage,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { connectorSource } from "./adapters/connector-source.ts";
import { startLister } from "./adapters/lister.ts";
import { redisLedger } from "./adapters/redis-ledger.ts";
import { sharedFault } from "./adapters/shared-fault.ts";
import { countedRead, countedRounds } from "./adapters/source-metrics.ts";
import { eventTypeReader } from "./core/event-type.ts";
import { containerLimits } from "./config.ts";
import { ingestObject } from "./pipeline.ts";
import type { IngestPorts, Source } from "./ports.ts";

/** The second object in hand hides the first one's waits for the source and for Redis. */
const objectsInHand = 2;
const eventTypeOf = eventTypeReader([...exportedEventTypes, ...unexportedEventTypes]);

export interface IngestStage extends Stage {
  /** Resolves when every source has been listed once, and what was there is queued; rejects when one cannot be. */
  listedOnce(): Promise<void>;
}

/**
 * The ingest stage: for each workspace a lister for each connector, and a worker. `isThorough`: the first listing finds
 * all that is there, for a run that ends by itself.
 */
export const ingestStage = (context: StageContext, config: RelayConfig, { isThorough = false } = {}): IngestStage => {
  const listings: Promise<void>[] = [];
  const stage = createStage("ingest", config, (name, workspace) => {
    const { runner, listed } = openIngest(context, { name, workspace, config, isThorough });
    // Whoever cares asks by listedOnce(); the lister itself goes on trying.
    listed.catch(() => undefined);
    listings.push(listed);
    return Promise.resolve(runner);
  });
  return {
    ...stage,
    listedOnce: async () => {
      await Promise.all(listings);
    },
  };
};

interface Opening {
  name: string;
  workspace: WorkspaceConfig;
  config: RelayConfig;
  isThorough: boolean;
}

const openIngest = (
  context: StageContext,
  { name, workspace, config, isThorough }: Opening,
): { runner: WorkspaceRunner; listed: Promise<void> } => {
  const tools = openWorkspaceTools(context, name);
  const { queues, toQuarantine } = tools;
  const log = context.log.child({ stage: "ingest", workspace: name });
  const connectors = Object.entries(workspace.connectors).map(([connector, settings]) =>
    openConnector({ ...context, log }, tools, { workspace: name, connector }, { ...settings, isThorough }),
  );
  const settings = { limits: containerLimits(config.limits), spoolBudgetBytes: workspace.spoolBudget };

  const worker = startStageWorker<IngestJob>({
    workspace: name,
    kind: "ingest",
    redis: context.redis,
    log,
    concurrency: objectsInHand,
    retryWaitsFor: "job",
    // An ingest job has no payload; this is what the sweeper finds it by, if it is done and a kill keeps us from counting.
    enter: async (id) => {
      await tools.spool.put([{ id, kind: "ingest", payload: Buffer.alloc(0), events: 0 }]);
    },
    handle: (item) => {
      const found = connectors.find(({ connector }) => connector === item.data.connector);
      return ingestObject(found?.ports, settings)(item);
    },
    setAside: async ({ id, data: { connector, landedAtMs, object, fileId }, progress }, reason, cause) => {
      const job = { id, connector, landedAtMs, uri: object.uri, events: 0, payload: Buffer.alloc(0) };
      const rest = await setWholeJobAside(toQuarantine, job, { reason, cause });
      // Or a listing finds it again when its tombstone is gone.
      const found = connectors.find((one) => one.connector === connector);
      await found?.ports.ledger.finish(fileId as FileId); // brand: the lister made it with core/ids.ts
      // What was handed over before is counted with it. Written by the pipeline's saveProgress.
      const before = (progress as { tally: Tally } | undefined)?.tally ?? {};
      return { ...addTallies(before, rest), "file:quarantined": 1 };
    },
    settle: (id, tally) => tools.settle("ingest", "ingest", id, tally),
  });
  const sweeping = startSweeping(context, name, tools);
  const runner = {
    isRunning: () => worker.isRunning() && connectors.every(({ lister }) => lister.isRunning()),
    drain: async (force: AbortSignal) => {
      // A lister may wait for Redis, or for its source.
      await unlessForced(force, Promise.all(connectors.map(({ lister }) => lister.stop())));
      await worker.drain(force);
      await sweeping.stop();
      await queues.close();
    },
  };
  return { runner, listed: Promise.all(connectors.map(({ lister }) => lister.listed)).then(() => undefined) };
};

const openConnector = (
  { redis, metrics, log }: StageContext,
  tools: WorkspaceTools,
  labels: { workspace: string; connector: string },
  { source: settings, isThorough }: ConnectorConfig & { isThorough: boolean },
) => {
  const { workspace, connector } = labels;
  const { name, source, finder } = connectorSource(settings, { isThorough });
  const ledger = redisLedger(redis, workspace, connector, name);
  const count = countedRounds(metrics, labels);
  const noteFault = sharedFault(redis, labels, log);
  const lister = startLister({
    connector,
    source,
    finder,
    ledger,
    queues: tools.queues,
    pollMs: settings.pollMs,
    log,
    onRound: (report) => {
      count(report);
      noteFault(report);
    },
  });
  const read = countedRead(source.read, metrics, labels);
  return { connector, lister, ports: portsOf(tools, { ...source, read }, ledger) };
};

const portsOf = (
  { spool, queues, toQuarantine }: WorkspaceTools,
  source: Source,
  ledger: IngestPorts["ledger"],
): IngestPorts => ({
  read: source.read,
  chunkSource: ({ connector, fileId, landedAtMs, object: { key, uri } }) => ({
    connector,
    source: { fileId, uri },
    landedAtMs,
    eventTypeOf: (recordName) => eventTypeOf(recordName, key),
  }),
  toTransform: handOverTo<TransformJob>("transform", spool, queues),
  toQuarantine,
  ledger,
  now: Date.now,
});
