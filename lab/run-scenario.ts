import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { type Damage, noDamage } from "./damage.ts";
import { feed, type Landed, nothingLanded } from "./feeder.ts";
import { type Evidence, judge } from "./judge.ts";
import { sourceFolder, writeConfig } from "./lab-config.ts";
import { latenciesOf, readAcceptances, slowParts } from "./latency.ts";
import { openLab } from "./open-lab.ts";
import { untilConnected } from "./own-redis.ts";
import { relayStatus } from "./relay-status.ts";
import { readRepeatedAt } from "./repeated-at.ts";
import type { Report } from "./report.ts";
import { untilAtRest } from "./rest.ts";
import type { Scenario } from "./scenario.ts";
import { describeEnd, type ProcessEnd } from "./leashed-process.ts";
import { stageNames, type StageSupervisor, superviseStages } from "./stage-supervisor.ts";

export interface RunOptions {
  scenario: Scenario;
  events: number;
  seed: number;
  /** Keep the folder with all logs, also when nothing is wrong. */
  keep: boolean;
  /** Hears what happens, while it happens. */
  say: (what: string) => void;
  /** Aborted: ends everything and rejects. */
  signal: AbortSignal;
}

/** Nothing of the relay waits longer by itself: a lock 10 s, a sweep 105 s. */
const patienceMs = 150_000;
const stopWithinMs = 30_000;
/** How long a scenario may break things; the slowest machine that we mean takes 500 events a second under it. */
const breakingLimitMs = (events: number): number => 120_000 + events * 2;

/** What is known of one run. */
interface Run {
  folder: string;
  config: string;
  workspaces: readonly string[];
  landed: Landed;
  damage: Damage;
  faults: string[];
  say: (what: string) => void;
}

/** Starts everything, breaks it, waits for the end and judges. Leaves nothing running, whatever happens. */
export const runScenario = async (options: RunOptions): Promise<Report> => {
  const { scenario, events, seed } = options;
  const startedMs = performance.now();
  const run = await openRun(options, startedMs);
  const { folder, damage, landed } = run;
  const { phases } = damage;
  const verdict = judge(await gather(run, options));
  const latencies =
    phases.length > 0 ? latenciesOf(await readAcceptances(acceptedLog(folder)), landed.landings, phases) : [];
  const faults = counted([...run.faults, ...damage.faults, ...verdict.faults, ...slowParts(latencies, phases)]);
  const keep = options.keep || faults.length > 0;
  if (!keep) await rm(folder, { recursive: true, force: true });
  return {
    scenario: scenario.name,
    events,
    seed,
    ok: faults.length === 0,
    sent: landed.records,
    expected: landed.expected.size,
    ...verdict,
    faults,
    kills: damage.kills,
    terminations: damage.terminations,
    latencies,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    ...(keep && { folder }),
  };
};

/** The same sentence once, with how often it was said. */
const counted = (sentences: readonly string[]): string[] =>
  [...Map.groupBy(sentences, (sentence) => sentence)].map(([sentence, { length }]) =>
    length === 1 ? sentence : `${sentence} (${length} times)`,
  );

const openRun = async ({ scenario, say }: RunOptions, startedMs: number): Promise<Run> => {
  const folder = await mkdtemp(join(tmpdir(), `relay-lab-${scenario.name}-`));
  return {
    folder,
    config: join(folder, "relay.yaml"),
    workspaces: scenario.setup?.workspaces ?? ["acme"],
    landed: nothingLanded(),
    damage: noDamage(),
    faults: [],
    say: (what) => {
      const line = `${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${what}`;
      appendFileSync(join(folder, "lab.log"), `${line}\n`);
      say(line);
    },
  };
};

/** From the start of everything to its end; what it leaves is evidence. */
const gather = async (run: Run, options: RunOptions): Promise<Evidence> => {
  const { landed, damage, faults, say } = run;
  const { events, scenario, seed, signal } = options;
  await using ending = new AsyncDisposableStack();
  const parts = await startParts(run, options, ending);
  const { connection, segment, stages } = parts;
  await untilConnected(connection, parts.processes, signal);
  const feeding = feedAll(run, options);
  ending.defer(() => feeding.ended.catch(() => undefined));

  const breaking = AbortSignal.any([signal, AbortSignal.timeout(breakingLimitMs(events))]);
  const { workspaces } = run;
  const isFed = feeding.isDone;
  const lab = openLab({
    ...parts,
    config: run.config,
    workspaces,
    events,
    seed,
    landed,
    damage,
    say,
    isFed,
    signal: breaking,
  });
  await scenario.run(lab).catch((error: unknown) => {
    if (signal.aborted || !breaking.aborted) throw error;
    faults.push(`the scenario did not come to its end within ${breakingLimitMs(events) / 1_000} s`);
  });
  await feeding.ended;

  say(`all files have landed; ${segment.ids().size} of ${landed.expected.size} ids have arrived; waiting for the rest`);
  const statuses = () => Promise.all(run.workspaces.map((name) => readWorkspaceStatus(connection, name)));
  const left = await untilAtRest({ statuses, files: landed.files, patienceMs, signal });
  if (left.length > 0) faults.push(`nothing moved for ${patienceMs / 1_000} s: ${left.join("; ")}`);
  const reports = await relayStatus(run.config).catch((error: unknown) => {
    faults.push(`relay status failed: ${String(error)}`);
    return [];
  });
  say("all has come to rest");
  for (const [name, end] of await stages.stop(stopWithinMs)) {
    const why = end.signal === "SIGKILL" ? `: it had not ended within ${stopWithinMs / 1_000} s of SIGTERM` : "";
    if (end.code !== 0) faults.push(`${name} ended with ${describeEnd(end)} when all was done${why}`);
  }
  await segment.stop();

  const accepted = segment.ids();
  const repeatedAt = await readRepeatedAt(acceptedLog(run.folder), accepted);
  const { expected, quarantined, readable: recordsIn } = landed;
  const thrownAway = scenario.setup?.suspects ? segment.stats().discardedBy["unknown-key"] : 0;
  const { windows } = damage;
  return { expected, quarantined, recordsIn, accepted, repeatedAt, windows, thrownAway, workspaces: reports };
};

const acceptedLog = (folder: string): string => join(folder, "accepted.ndjson");

/** Redis, the stand-in for Segment, the configuration, and the stages; all end with `ending`, the last one first. */
const startParts = async (run: Run, { scenario, seed }: RunOptions, ending: AsyncDisposableStack) => {
  const { folder, config, workspaces, damage, say } = run;
  const { setup = {} } = scenario;
  const redis = await startRedisServer({ dir: join(folder, "redis"), aof: "always" });
  ending.defer(() => redis.stop());
  const connection = connectRedis(redis.url, createLogger({ level: "silent", terminal: false }));
  ending.defer(() => connection.disconnect());
  const script = { seed, ...setup.standIn };
  const segment = await startSegmentSim({ logFile: acceptedLog(folder), logIds: true, script });
  ending.defer(() => segment.stop());
  for (const workspace of workspaces) await mkdir(sourceFolder(folder, workspace), { recursive: true });
  const settings = {
    redisUrl: redis.url,
    segmentUrl: segment.url,
    workspaces,
    segment: setup.segment ?? {},
    expiry: setup.expiry ?? {},
  };
  await writeConfig(config, settings);
  const writeKeys = new Map<string, string>();
  const setWriteKey = async (workspace: string, writeKey: string) => {
    writeKeys.set(workspace, writeKey);
    await writeConfig(config, { ...settings, writeKeys });
    say(`relay.yaml has another write key for ${workspace} now`);
  };
  const processes = { ingest: 1, transform: 1, deliver: 1, ...setup.processes };
  const onCrash = (name: string, end: ProcessEnd) => {
    damage.faults.push(`${name} ended by itself with ${describeEnd(end)}`);
    say(`${name} ended by itself with ${describeEnd(end)}`);
  };
  const stages: StageSupervisor = superviseStages({ config, folder, processes, onCrash });
  ending.defer(() => stages.stop(stopWithinMs).then(() => undefined));
  say(`everything starts in ${folder}`);
  const total = stageNames.reduce((sum, stage) => sum + processes[stage], 0);
  return { redis, connection, segment, stages, setWriteKey, processes: total };
};

const feedAll = ({ folder, workspaces, landed }: Run, { scenario, events, seed, signal }: RunOptions) => {
  let done = false;
  const feeds = workspaces.map((workspace, index) =>
    feed({
      workspace,
      folder: sourceFolder(folder, workspace),
      events,
      seed: seed + index,
      setup: scenario.setup ?? {},
      landed,
      signal,
    }),
  );
  const ended = Promise.all(feeds).then(() => void (done = true));
  ended.catch(() => undefined); // whoever waits for the end hears of it
  return { ended, isDone: () => done };
};
