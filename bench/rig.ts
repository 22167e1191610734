import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { outageKey } from "@currents-relay/shared/core/keys.ts";
import { readWorkspaceStatus, type WorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { Redis } from "ioredis";
import { type CostReading, readCosts } from "./costs.ts";
import type { FileSet } from "./event-files.ts";
import { landAll } from "./landing.ts";
import { checkAlive } from "./measured-process.ts";
import type { Bench } from "./measurement.ts";
import { relayConfig, sourceFolder } from "./relay-config.ts";
import { type RelayProcess, type Role, stages, startRelayProcess } from "./relay-processes.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";
import { until } from "./until.ts";

export interface RigOptions {
  /** How many processes of each role; default: one of each stage. */
  processes?: Partial<Record<Role, number>>;
  /** Default: `acme` alone. */
  workspaces?: readonly string[];
  /** How often folders are listed; default 50 ms. */
  poll?: string;
  /** Events are posted with this token, and no folder is read. */
  httpToken?: string;
  /** More settings of `segment`, by workspace or (under "*") for all. */
  segment?: Readonly<Record<string, object>>;
  /** Accepted ids go to this file. */
  idLog?: string;
  /** More arguments of Node for the relay's processes. */
  nodeArgs?: readonly string[];
}

/** A Redis, a stand-in for Segment and the relay's processes, all fresh. */
export interface Rig {
  folder: string;
  redis: Redis;
  standIn: StandIn;
  relays: readonly RelayProcess[];
  /** From the start of the relay's processes until the last of them was ready. */
  startupMs: number;
  source: (workspace: string) => string;
  /** See {@link landAll}. */
  land: (set: FileSet, workspace: string, name?: string) => Promise<number>;
  /** Where events of a workspace are posted. */
  postingUrl: (workspace: string) => Promise<string>;
  /** Starts more of the relay's processes, one after the other. */
  start: (processes: Partial<Record<Role, number>>) => Promise<void>;
  /** Ends all processes of the role. */
  stop: (role: Role) => Promise<void>;
  costs: () => Promise<CostReading>;
  /** Resolves when the condition holds for every workspace; rejects when a process has ended by itself. */
  untilStatus: (what: string, holds: (status: WorkspaceStatus) => boolean) => Promise<void>;
  [Symbol.asyncDispose]: () => Promise<void>;
}

/** What a rig is made of while it lives. */
interface Parts {
  folder: string;
  config: string;
  relays: RelayProcess[];
}

const longestMs = 600_000;

const starter =
  ({ folder, config, relays }: Parts, { nodeArgs = [] }: RigOptions, { signal }: Bench): Rig["start"] =>
  async (processes) => {
    // Whoever takes work over is there before it is given.
    for (const role of [...stages.toReversed(), "start" as const])
      for (let number = 1; number <= (processes[role] ?? 0); number += 1) {
        const relay = await startRelayProcess({ role, number, config, folder, nodeArgs, signal });
        relays.push(relay);
        await relay.untilReady();
      }
  };

const stopper =
  ({ relays }: Parts): Rig["stop"] =>
  async (role) => {
    const ours = relays.filter((relay) => relay.role === role);
    for (const relay of ours) relays.splice(relays.indexOf(relay), 1);
    await Promise.all(ours.map((relay) => relay.stop()));
  };

/** Resolves when the write keys of all workspaces have been verified, so that events are sent at once. */
const untilFlowing = async (redis: Redis, workspaces: readonly string[], signal: AbortSignal): Promise<void> => {
  await until({ what: "all write keys are verified", signal, withinMs: longestMs }, async () => {
    const states = await redis.mget(workspaces.map(outageKey));
    return states.every((state) => state?.includes('"kind":"flowing"')) || undefined;
  });
};

/** The relay chooses it: one that is chosen for it may be in use when it is opened. */
const httpPort = async (relays: readonly RelayProcess[]): Promise<string> => {
  const logs = await Promise.all(relays.map((relay) => relay.output()));
  const [port] = logs.flatMap((log) => /"port":(\d+),"msg":"http\.listening"/.exec(log)?.[1] ?? []);
  if (port === undefined) throw new Error("no process listens for events");
  return port;
};

/** Starts everything and resolves when it is ready. Ends, with its folder, when disposed of. */
export const openRig = async (bench: Bench, options: RigOptions = {}): Promise<Rig> => {
  const { workspaces = ["acme"], processes = { ingest: 1, transform: 1, deliver: 1 }, poll = "50ms" } = options;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(bench.folder, "rig-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startRedisServer({ dir: join(folder, "redis"), aof: "always" });
  opened.defer(() => server.stop());
  const redis = new Redis(server.url);
  opened.defer(() => redis.disconnect());
  const standIn = await startStandIn({ folder, signal: bench.signal, ...(options.idLog && { idLog: options.idLog }) });
  opened.defer(() => standIn.process.stop());

  const config = join(folder, "relay.yaml");
  const source = (workspace: string) => sourceFolder(folder, workspace);
  for (const workspace of workspaces) await mkdir(source(workspace), { recursive: true });
  const { segment = {}, httpToken } = options;
  const settings = { redisUrl: server.url, segmentUrl: standIn.url, workspaces, poll, segment };
  await writeFile(config, relayConfig({ ...settings, ...(httpToken !== undefined && { httpToken }) }));
  const relays: RelayProcess[] = [];
  opened.defer(async () => void (await Promise.all(relays.map((one) => one.stop()))));
  const start = starter({ folder, config, relays }, options, bench);
  const startedMs = performance.now();
  await start(processes);
  if (processes.deliver || processes.start) await untilFlowing(redis, workspaces, bench.signal);
  const startupMs = performance.now() - startedMs;

  const parts = opened.move();
  return {
    folder,
    redis,
    standIn,
    relays,
    startupMs,
    source,
    start,
    stop: stopper({ folder, config, relays }),
    land: (set, workspace, name = "files") => landAll(set, source(workspace), name),
    postingUrl: async (workspace) => `http://127.0.0.1:${await httpPort(relays)}/v1/currents/${workspace}/engagement`,
    costs: () => readCosts({ redis, redisPid: server.pid, standIn, relays }),
    untilStatus: (what, holds) =>
      until({ what, signal: bench.signal, withinMs: longestMs, everyMs: 100 }, async () => {
        await checkAlive(relays);
        const statuses = await Promise.all(workspaces.map((name) => readWorkspaceStatus(redis, name)));
        return statuses.every(holds) || undefined;
      }).then(() => undefined),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};

/** Nothing is left to do. */
export const isAtRest = ({ filesWaiting, waiting }: WorkspaceStatus): boolean =>
  filesWaiting === 0 && waiting.transform === 0 && waiting.deliver === 0;
