import type { ConnectorConfig, RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import type { IngestJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { addTallies, type Tally } from "@currents-relay/shared/contracts/tally.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import { startStageWorker } from "@currents-relay/shared/queues/stage-worker.ts";
import {
  createStage,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { folderSource } from "./adapters/folder-source.ts";
import { startLister } from "./adapters/lister.ts";
import { redisLedger } from "./adapters/redis-ledger.ts";
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

/** The ingest stage: for each workspace a lister for each connector, and a worker. */
export const ingestStage = (context: StageContext, config: RelayConfig): IngestStage => {
  const listings: Promise<void>[] = [];
  const stage = createStage("ingest", config, (name, workspace) => {
    const { runner, listed } = openIngest(context, { name, workspace, config });
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

const openIngest = (
  context: StageContext,
  { name, workspace, config }: { name: string; workspace: WorkspaceConfig; config: RelayConfig },
): { runner: WorkspaceRunner; listed: Promise<void> } => {
  const tools = openWorkspaceTools(context, name);
  const { queues, toQuarantine } = tools;
  const log = context.log.child({ stage: "ingest", workspace: name });
  const connectors = Object.entries(workspace.connectors).map(([connector, settings]) =>
    openConnector({ ...context, log }, tools, { workspace: name, connector }, settings),
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
    setAside: async ({ id, data: { connector, landedAtMs, object }, progress }, reason, cause) => {
      const job = { id, connector, landedAtMs, uri: object.uri, events: 0, payload: Buffer.alloc(0) };
      const rest = await setWholeJobAside(toQuarantine, job, { reason, cause });
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
      await Promise.all(connectors.map(({ lister }) => lister.stop()));
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
  settings: ConnectorConfig,
) => {
  const { workspace, connector } = labels;
  const source = sourceOf(settings);
  const ledger = redisLedger(redis, workspace, connector);
  const lister = startLister({
    connector,
    source,
    ledger,
    queues: tools.queues,
    pollMs: settings.source.pollMs,
    log,
    onRound: countedRounds(metrics, labels),
  });
  const read = countedRead(source.read, metrics, labels);
  return { connector, lister, ports: portsOf(tools, { ...source, read }, ledger) };
};

const sourceOf = ({ source }: ConnectorConfig): Source => folderSource(source.path);

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
