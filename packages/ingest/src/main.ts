import type { RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { ListedSourceConfig } from "@currents-relay/shared/config/source-schema.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import type { IngestJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { addTallies, type Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import { unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { type Hands, openHands } from "@currents-relay/shared/queues/hands.ts";
import { type Item, startStageWorker, type StageWorkerOptions } from "@currents-relay/shared/queues/stage-worker.ts";
import {
  createStage,
  type OpenWorkspace,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { connectorSource } from "./adapters/connector-source.ts";
import { eventsAhead } from "./adapters/events-ahead.ts";
import { forgetForsaken } from "./adapters/forsaken-objects.ts";
import { httpSource } from "./adapters/http-source.ts";
import { startLister } from "./adapters/lister.ts";
import { type AdmissionWatch, watchAdmission } from "./adapters/redis-admission.ts";
import { loggedRead } from "./adapters/logged-read.ts";
import { redisLedger } from "./adapters/redis-ledger.ts";
import { rereadLedger } from "./adapters/reread-ledger.ts";
import { sharedFault } from "./adapters/shared-fault.ts";
import { countedRead, countedRounds } from "./adapters/source-metrics.ts";
import { sparedRead } from "./adapters/spared-read.ts";
import { eventTypeReader } from "./core/event-type.ts";
import { containerLimits } from "./config.ts";
import { linesOf } from "./core/request-body.ts";
import { ingestObject, ingestRequest } from "./pipeline.ts";
import type { IngestPorts, RequestPorts, Source } from "./ports.ts";

/** Of one workspace: the second object in hand hides the first one's waits for the source and for Redis. */
const objectsInHand = 2;
/** Of all workspaces together: each is some megabytes. Enough of them for sources of which some are slow. */
const objectsInAllHands = 16;
/** Where chunks are gathered, of all workspaces together: mostly 1 to 2 MB each, 4 at most. */
const pagesKept = 8;
const openPages = openPagePool(pagesKept);
const eventTypeOf = eventTypeReader([...exportedEventTypes, ...unexportedEventTypes]);

export interface IngestStage extends Stage {
  /** Resolves when every source has been listed once, and what was there is queued; rejects when one cannot be. */
  listedOnce(): Promise<void>;
  /** Where Braze's requests are taken; undefined: no connector needs it. */
  httpPort(): number | undefined;
}

/**
 * The ingest stage: for each workspace a lister for each connector, and a worker. `isThorough`: the first listing finds
 * all that is there, for a run that ends by itself.
 */
export const ingestStage = (context: StageContext, config: RelayConfig, { isThorough = false } = {}): IngestStage => {
  const listings: Promise<void>[] = [];
  const admission = watchAdmission({ ...context, config });
  const http = httpSource(context, admission);
  const retired: RetiredPorts = new Map();
  const hands = openHands(objectsInAllHands);
  const open: OpenWorkspace = (name, workspace, current) => {
    const { runner, listed } = openIngest(context, {
      name,
      workspace,
      config: current,
      isThorough,
      admission,
      retired,
      hands,
    });
    // Whoever cares asks by listedOnce(); the lister itself goes on trying.
    listed.catch(() => undefined);
    listings.push(listed);
    return Promise.resolve(runner);
  };
  const stage = createStage("ingest", config, open, context);
  // A run that ends by itself takes what is there, and waits for nobody.
  const applyHttp = async (current: RelayConfig) => (isThorough ? undefined : http.apply(current));
  return {
    ...stage,
    start: async () => {
      admission.start();
      await stage.start?.();
      await applyHttp(config);
    },
    apply: async (changed) => {
      admission.apply(changed);
      await Promise.all([stage.apply(changed), applyHttp(changed)]);
    },
    drain: async (force) => {
      await http.drain(force);
      await stage.drain(force);
      admission.stop();
    },
    httpPort: http.port,
    listedOnce: async () => {
      await Promise.all(listings);
    },
  };
};

/** Of connectors that this process has had, by workspace and connector: what was begun can be read to its end. */
type RetiredPorts = Map<string, IngestPorts>;

interface Opening {
  name: string;
  workspace: WorkspaceConfig;
  config: RelayConfig;
  isThorough: boolean;
  admission: AdmissionWatch;
  retired: RetiredPorts;
  hands: Hands;
}

const openIngest = (
  context: StageContext,
  { name, workspace, config, isThorough, admission, retired, hands }: Opening,
): { runner: WorkspaceRunner; listed: Promise<void> } => {
  const tools = openWorkspaceTools(context, name);
  const log = context.log.child({ stage: "ingest", workspace: name });
  const pause = pauseOf(admission, name);
  const connectors = Object.entries(workspace.connectors).flatMap(([connector, { source }]) =>
    source.type === "http"
      ? []
      : openConnector({ ...context, log }, tools, { workspace: name, connector }, { source, isThorough, pause }),
  );
  for (const { connector, ports } of connectors) retired.set(`${name}/${connector}`, ports);
  const portsFor = ({ data, progress }: Pick<Item<IngestJob>, "data" | "progress">): IngestPorts | undefined => {
    const known = connectors.find(({ connector }) => connector === data.connector)?.ports;
    const ports = known ?? (progress === undefined ? undefined : retired.get(`${name}/${data.connector}`));
    return ports && data.reread ? { ...ports, ledger: rereadLedger(context.redis, name, data.reread.run) } : ports;
  };
  const isConfigured = (connector: string) => Object.hasOwn(workspace.connectors, connector);
  const forsaken = forgetForsaken({ queues: tools.queues, isConfigured, log });
  const takeRequest = ingestRequest(requestPortsOf(tools));
  const settings = { limits: containerLimits(config.limits), spoolBudgetBytes: workspace.spoolBudget };

  const worker = startStageWorker<IngestJob>({
    ...workerOf(context, tools, { name, log, hands }),
    handle: (item) =>
      item.data.requestEvents === undefined ? ingestObject(portsFor(item), settings)(item) : takeRequest(item),
    setAside: setAsideOf(tools, portsFor),
    afterMoved: releaseTo(tools, connectors),
  });
  const sweeping = startSweeping(context, name, tools);
  const runner = {
    isRunning: () => worker.isRunning() && connectors.every(({ lister }) => lister.isRunning()),
    drain: async (force: AbortSignal) => {
      forsaken.stop();
      // A lister may wait for Redis, or for its source.
      await unlessForced(force, Promise.all(connectors.map(({ lister }) => lister.stop())));
      await worker.drain(force);
      await sweeping.stop();
      await tools.queues.close();
    },
  };
  return { runner, listed: Promise.all(connectors.map(({ lister }) => lister.listed)).then(() => undefined) };
};

const workerOf = (
  { redis }: StageContext,
  tools: WorkspaceTools,
  { name, log, hands }: { name: string; log: Logger; hands: Hands },
) =>
  ({
    workspace: name,
    kind: "ingest",
    redis,
    log,
    concurrency: objectsInHand,
    hands,
    retryWaitsFor: "job",
    // An object's job has no payload; this is what the sweeper finds it by, if it is done and a kill keeps us from counting.
    enter: async ({ id, data }) => {
      // A request's may be missing for a moment (hand-over.ts): nothing may lie in its place then.
      if (data.requestEvents === undefined)
        await tools.spool.put([{ id, kind: "ingest", payload: Buffer.alloc(0), events: 0 }]);
    },
    settle: (id, tally) => tools.settle("ingest", "ingest", id, tally),
  }) satisfies Partial<StageWorkerOptions<IngestJob>>;

const pauseOf =
  (admission: AdmissionWatch, workspace: string): IngestPorts["pause"] =>
  () => {
    const { objects } = admission.of(workspace);
    return objects === "open" ? undefined : objects;
  };

interface ConnectorOptions {
  source: ListedSourceConfig;
  isThorough: boolean;
  pause: IngestPorts["pause"];
}

const openConnector = (
  { redis, metrics, log }: StageContext,
  tools: WorkspaceTools,
  labels: { workspace: string; connector: string },
  { source: settings, isThorough, pause }: ConnectorOptions,
) => {
  const { workspace, connector } = labels;
  const { name, source, finder } = connectorSource(settings, { isThorough });
  const ledger = redisLedger(redis, workspace, connector, name);
  const count = countedRounds(metrics, labels);
  const noteFault = sharedFault(redis, labels, log);
  const lister = startLister({
    connector,
    hasRoom: () => Promise.resolve(pause() === undefined),
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
  const read = sparedRead(loggedRead(countedRead(source.read, metrics, labels), { log, connector }));
  const ahead = eventsAhead(redis, workspace);
  return {
    connector,
    lister,
    ledger,
    finder,
    ports: { ...portsOf(tools, { ...source, read }, ledger), pause, eventsAhead: ahead },
  };
};

/** Nothing of an object was read, and its job is gone: it is to be found again. */
const releaseTo =
  (
    { settle }: WorkspaceTools,
    connectors: readonly Pick<ReturnType<typeof openConnector>, "connector" | "ledger" | "finder">[],
  ): NonNullable<StageWorkerOptions<IngestJob>["afterMoved"]> =>
  async ({ id, data }) => {
    await settle("ingest", "ingest", id, {}); // the note of `enter` goes, too
    const { ledger, finder } = connectors.find(({ connector }) => connector === data.connector) ?? {};
    // A kill here: the file is open and has no job, so the next lister that starts adds it.
    await ledger?.release(data.fileId as FileId); // brand: the lister made it with core/ids.ts
    finder?.forget?.(data.object);
  };

const chunkSource: IngestPorts["chunkSource"] = ({ connector, fileId, landedAtMs, object: { key, uri } }) => ({
  connector,
  source: { fileId, uri },
  landedAtMs,
  eventTypeOf: (recordName) => eventTypeOf(recordName, key),
});

const portsOf = (
  { spool, queues, toQuarantine }: WorkspaceTools,
  source: Source,
  ledger: IngestPorts["ledger"],
): Omit<IngestPorts, "pause" | "eventsAhead"> => ({
  read: source.read,
  chunkSource,
  openPages,
  toTransform: handOverTo<TransformJob>("transform", spool, queues),
  toQuarantine,
  ledger,
  now: Date.now,
});

const requestPortsOf = ({ spool, queues }: WorkspaceTools): RequestPorts => ({
  readRequest: async (id) => {
    const payload = await spool.read(id);
    return payload && linesOf(payload);
  },
  chunkSource,
  toTransform: handOverTo<TransformJob>("transform", spool, queues),
});

/** A job that cannot be run, as a whole. */
const setAsideOf =
  (
    { spool, toQuarantine }: WorkspaceTools,
    portsFor: (item: Pick<Item<IngestJob>, "data" | "progress">) => Pick<IngestPorts, "ledger"> | undefined,
  ): StageWorkerOptions<IngestJob>["setAside"] =>
  async ({ id, data, progress }, reason, cause) => {
    const { connector, landedAtMs, object, fileId, requestEvents: events = 0, reread } = data;
    const payload = events > 0 ? await spool.salvage(id) : Buffer.alloc(0);
    const job = { id, connector, landedAtMs, uri: object.uri, events, payload, reread };
    const rest = await setWholeJobAside(toQuarantine, job, { reason, cause });
    // Or a listing finds it again when its tombstone is gone.
    await portsFor({ data, progress })?.ledger.finish(fileId as FileId); // brand: the lister made it with core/ids.ts
    // What was handed over before is counted with it. Written by the pipeline's saveProgress.
    const before = (progress as { tally: Tally } | undefined)?.tally ?? {};
    return { ...addTallies(before, rest), "file:quarantined": 1 };
  };
