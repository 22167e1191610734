import { costBetween, type EventCost } from "../costs.ts";
import type { FileSet } from "../event-files.ts";
import type { Figure, Readings } from "../figure.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { stages } from "../relay-processes.ts";
import { isAtRest, openRig, type Rig, type RigOptions } from "../rig.ts";
import { targets } from "../targets.ts";

export const endToEndEvents = 100_000;
const eventsPerFile = 15_000;
const megabyte = 1e6;

export interface Pass extends EventCost {
  eventsPerSecond: number;
}

/**
 * Lands a set and waits until the stand-in has accepted all of it (`before` of other sets were there already). The
 * clock runs from the landing to the last accepted call; the costs, until the relay has nothing left to do.
 */
export const takePass = async (rig: Rig, set: FileSet, before = 0): Promise<Pass> => {
  const start = await rig.costs();
  const landedMs = await rig.land(set, "acme", `set-${set.seed}`);
  const lastMs = await rig.standIn.untilAccepted(before + set.events);
  await rig.untilStatus("the relay is at rest", isAtRest);
  const cost = costBetween(start, await rig.costs(), set.events);
  return { ...cost, eventsPerSecond: (set.events * 1_000) / (lastMs - landedMs) };
};

const run = async (bench: Bench, options: RigOptions): Promise<Readings> => {
  const asked = { events: endToEndEvents, eventsPerFile };
  const [first, second] = [await bench.files.get({ ...asked, seed: 1 }), await bench.files.get({ ...asked, seed: 2 })];
  await using rig = await openRig(bench, options);
  const cold = await takePass(rig, first);
  const warm = await takePass(rig, second, first.events);
  const rss = rig.relays.map(({ name, peakRssBytes }) => [`rss-${name}`, peakRssBytes() / megabyte] as const);
  return {
    eventsPerSecond: cold.eventsPerSecond,
    warmEventsPerSecond: warm.eventsPerSecond,
    relayCpuUs: cold.relayCpuUs,
    warmRelayCpuUs: warm.relayCpuUs,
    ...Object.fromEntries(stages.map((stage) => [stage, cold.cpuUs[stage]])),
    redis: cold.cpuUs.redis,
    standIn: cold.cpuUs.standIn,
    commands: cold.commands,
    arrivals: cold.arrivals,
    bytesIn: cold.bytesIn,
    bytesOut: cold.bytesOut,
    ...Object.fromEntries(rss),
    startupMs: rig.startupMs,
    othersPercent: cold.othersPercent,
  };
};

const us = (id: string, label: string): Figure => ({ id, label, unit: "us/event", decimals: 1 });
const perSecond = { id: "eventsPerSecond", label: "events a second", unit: "events/s" };
const warmPerSecond = { id: "warmEventsPerSecond", label: "again, in the same processes", unit: "events/s" };
const relayCpu = us("relayCpuUs", "CPU of the relay");
const warmRelayCpu = us("warmRelayCpuUs", "again, in the same processes");
const throughput: Figure[] = [perSecond, warmPerSecond, relayCpu, warmRelayCpu];
const around: Figure[] = [
  us("redis", "CPU of Redis"),
  us("standIn", "CPU of the stand-in"),
  { id: "commands", label: "commands in Redis, those of scripts too", unit: "/event", decimals: 2 },
  { id: "arrivals", label: "arrivals at Redis (pipelines)", unit: "/event", decimals: 3 },
  { id: "bytesIn", label: "bytes to Redis", unit: "B/event" },
  { id: "bytesOut", label: "bytes from Redis", unit: "B/event" },
];
const lastly: Figure[] = [
  { id: "startupMs", label: "start of the processes (not part of the above)", unit: "ms" },
  { id: "othersPercent", label: "the machine's CPU that others used meanwhile", unit: "%" },
];
const rss = (name: string): Figure => ({ id: `rss-${name}-1`, label: `peak RSS of ${name}`, unit: "MB" });

export const endToEnd: Measurement = {
  name: "end-to-end",
  about: "100,000 email clicks from Avro files to accepted calls, each stage a process, fresh ones each run",
  figures: [
    { ...perSecond, target: targets.eventsPerSecond },
    warmPerSecond,
    { ...relayCpu, target: targets.cpuUsPerEvent },
    warmRelayCpu,
    ...stages.map((stage) => us(stage, `  of it, ${stage}`)),
    ...around,
    ...stages.map(rss),
    ...lastly,
  ],
  run: (bench) => run(bench, {}),
};

export const oneProcess: Measurement = {
  name: "one-process",
  about: "the same with `relay start`: all stages in one process",
  figures: [...throughput, ...around, rss("start"), ...lastly],
  run: (bench) => run(bench, { processes: { start: 1 } }),
};

export const twoProcesses: Measurement = {
  name: "two-processes",
  about: "the same with two processes of each stage",
  figures: [...throughput, ...around, ...lastly],
  run: (bench) => run(bench, { processes: { ingest: 2, transform: 2, deliver: 2 } }),
};
