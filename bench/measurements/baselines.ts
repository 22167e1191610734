import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { readReport } from "../baselines/report.ts";
import type { FilesAsked } from "../event-files.ts";
import type { Figure, Readings } from "../figure.ts";
import { imageAllocator } from "../image-environment.ts";
import { checkAlive, type MeasuredProcess, startMeasured } from "../measured-process.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { cpuSecondsOf } from "../process-cost.ts";
import { type StandIn, startStandIn } from "../stand-in.ts";
import { until } from "../until.ts";
import { endToEndEvents } from "./end-to-end.ts";

const eventsPerFile = 15_000;
const megabyte = 1e6;

interface Stage {
  bench: Bench;
  folder: string;
  standIn: StandIn;
  /** Starts one of the baselines' programs. */
  start: (program: string, ...args: string[]) => MeasuredProcess;
}

/** A stand-in, and a folder for the logs of what is started beside it. */
const withStandIn = async <T>(bench: Bench, use: (stage: Stage) => Promise<T>): Promise<T> => {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(bench.folder, "baseline-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const standIn = await startStandIn({ folder, signal: bench.signal });
  opened.defer(() => standIn.process.stop());
  const start = (program: string, ...args: string[]): MeasuredProcess => {
    const path = join(import.meta.dirname, "../baselines", `${program}.ts`);
    const child = startMeasured(program, ["env", ...imageAllocator(), process.execPath, path, ...args], folder);
    opened.defer(() => child.stop());
    return child;
  };
  return await use({ bench, folder, standIn, start }); // awaited here: what is opened above must outlive it
};

/** Waits for the end of a program that must end well, and reads what it says of itself. */
const reportOf = async (child: MeasuredProcess) => {
  const { code } = await child.ended;
  const output = await child.output();
  if (code !== 0) throw new Error(`${child.name} ended with ${code}:\n${output.slice(-2_000)}`);
  return readReport(output);
};

/** A program that reads a folder, sends to the stand-in, and ends. */
export const runScript =
  (program: string, asked: FilesAsked, ...args: string[]) =>
  (bench: Bench) =>
    withStandIn(bench, async ({ standIn, start }): Promise<Readings> => {
      const set = await bench.files.get(asked);
      const child = start(program, set.folder, standIn.url, ...args);
      const [lastMs, { startedMs, cpuUs }] = await Promise.all([standIn.untilAccepted(set.events), reportOf(child)]);
      return { eventsPerSecond: (set.events * 1_000) / (lastMs - startedMs), cpuUs: cpuUs / set.events };
    });

const figures: readonly Figure[] = [
  { id: "eventsPerSecond", label: "events a second", unit: "events/s" },
  { id: "cpuUs", label: "CPU", unit: "us/event", decimals: 1 },
];

const plainAsked: FilesAsked = { events: 30_000, eventsPerFile, seed: 3 };

export const plainScript: Measurement = {
  name: "plain-script",
  about: "baseline: avsc's file decoder and analytics-node in one script, nothing stored; 30,000 events",
  figures,
  run: runScript("plain-script", plainAsked),
};

export const plainTuned: Measurement = {
  name: "plain-tuned",
  about: "baseline: the same with 250 calls in a request (flushAt) instead of the SDK's 15",
  figures,
  run: runScript("plain-script", plainAsked, "250"),
};

export const fused: Measurement = {
  name: "fused",
  about: "baseline, the limit: the relay's core and transport fused in one process, nothing stored; 100,000 events",
  figures,
  run: runScript("fused", { events: endToEndEvents, eventsPerFile, seed: 1 }),
};

export const fusedPlain: Measurement = {
  name: "fused-plain",
  about:
    "baseline: avsc's file decoder, JSON.stringify and fetch in one script, large requests, nothing stored; 100,000 events",
  figures,
  run: runScript("fused-plain", { events: endToEndEvents, eventsPerFile, seed: 1 }),
};

const runJobs = (bench: Bench) =>
  withStandIn(bench, async ({ standIn, start, folder }): Promise<Readings> => {
    const set = await bench.files.get({ events: 10_000, eventsPerFile, seed: 4 });
    await using server = await disposableRedis(join(folder, "redis"));
    const worker = start("job-per-event-work", server.url, standIn.url);
    const waiting = { what: "the worker is ready", signal: bench.signal };
    await until(waiting, async () => {
      await checkAlive([worker]);
      return (await worker.output()).includes("ready") || undefined;
    });
    const [workerBefore, redisBefore] = [worker.cpuSeconds(), cpuSecondsOf(server.pid)];
    const producer = start("job-per-event-produce", set.folder, server.url);
    const [lastMs, { startedMs, cpuUs }] = await Promise.all([standIn.untilAccepted(set.events), reportOf(producer)]);
    const perEvent = 1e6 / set.events;
    return {
      eventsPerSecond: (set.events * 1_000) / (lastMs - startedMs),
      cpuUs: cpuUs / set.events + (worker.cpuSeconds() - workerBefore) * perEvent,
      redis: (cpuSecondsOf(server.pid) - redisBefore) * perEvent,
      rss: worker.peakRssBytes() / megabyte,
    };
  });

const disposableRedis = async (dir: string) => {
  const server = await startRedisServer({ dir, aof: "always" });
  return { ...server, pid: server.pid, [Symbol.asyncDispose]: () => server.stop() };
};

export const jobPerEvent: Measurement = {
  name: "job-per-event",
  about: "baseline: one BullMQ job per event; its worker maps it and hands it to analytics-node; 10,000 events",
  figures: [
    ...figures,
    { id: "redis", label: "CPU of Redis", unit: "us/event", decimals: 1 },
    { id: "rss", label: "peak RSS of the worker", unit: "MB" },
  ],
  run: runJobs,
};
