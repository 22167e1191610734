import { costBetween, type EventCost } from "../costs.ts";
import type { FileSet } from "../event-files.ts";
import type { Figure, Readings } from "../figure.ts";
import { landAll } from "../landing.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { stages } from "../relay-processes.ts";
import { isAtRest, openRig } from "../rig.ts";
import { targets } from "../targets.ts";

const eventsPerFile = 500;
const usualFiles = 200;

/** The same files, shared out evenly among so many workspaces. */
export const costWith = async (
  bench: Bench,
  workspaces: number,
  files = usualFiles,
): Promise<EventCost & { startupMs: number }> => {
  const names = Array.from({ length: workspaces }, (_, index) => `w${index + 1}`);
  const set = await bench.files.get({ events: files * eventsPerFile, eventsPerFile, seed: 6 });
  await using rig = await openRig(bench, { workspaces: names, poll: "500ms" });
  const before = await rig.costs();
  await Promise.all(names.map((name, index) => landAll(shareOf(set, index, workspaces), rig.source(name), "files")));
  await rig.standIn.untilAccepted(set.events);
  await rig.untilStatus("the relay is at rest", isAtRest);
  return { ...costBetween(before, await rig.costs(), set.events), startupMs: rig.startupMs };
};

const shareOf = (set: FileSet, index: number, workspaces: number): FileSet => ({
  ...set,
  paths: set.paths.filter((_, file) => file % workspaces === index),
});

const eventsTogether = 3_000;

/** The most memory each stage has resident while a larger file lands in every workspace at once: MB, by figure. */
const memoryTogether = async (bench: Bench, workspaces: number): Promise<Readings> => {
  const names = Array.from({ length: workspaces }, (_, index) => `w${index + 1}`);
  const set = await bench.files.get({
    events: workspaces * eventsTogether,
    eventsPerFile: eventsTogether,
    seed: 6,
  });
  await using rig = await openRig(bench, { workspaces: names, poll: "500ms" });
  await Promise.all(names.map((name, index) => landAll(shareOf(set, index, workspaces), rig.source(name), "files")));
  await rig.standIn.untilAccepted(set.events);
  return Object.fromEntries(rig.relays.map(({ role, peakRssBytes }) => [`${role}Together`, peakRssBytes() / 1e6]));
};

/** What the processes cost each second while nothing comes. */
const idleCost = async (bench: Bench, workspaces: number): Promise<number> => {
  const names = Array.from({ length: workspaces }, (_, index) => `w${index + 1}`);
  await using rig = await openRig(bench, { workspaces: names, poll: "500ms" });
  const seconds = bench.isQuick ? 3 : 10;
  const before = await rig.costs();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const { relayCpuUs, cpuUs } = costBetween(before, await rig.costs(), seconds);
  return (relayCpuUs + cpuUs.redis) / 1_000;
};

const run = async (bench: Bench): Promise<Readings> => {
  const one = await costWith(bench, 1);
  const twenty = await costWith(bench, 20);
  const many = await costWith(bench, 200);
  return {
    one: one.relayCpuUs,
    twenty: twenty.relayCpuUs,
    many: many.relayCpuUs,
    timesTwenty: twenty.relayCpuUs / one.relayCpuUs,
    times: many.relayCpuUs / one.relayCpuUs,
    redisOne: one.cpuUs.redis,
    redisMany: many.cpuUs.redis,
    startupMany: many.startupMs,
    idleMany: await idleCost(bench, 200),
    ...(await memoryTogether(bench, 200)),
  };
};

const us = (id: string, label: string): Figure => ({ id, label, unit: "us/event", decimals: 1 });
const ratio = (id: string, label: string): Figure => ({ id, label, unit: "x", decimals: 2 });

export const workspaces: Measurement = {
  name: "workspaces",
  about: "the same 200 files of 500 events each in 1, 20 and 200 workspaces",
  isLong: true,
  figures: [
    us("one", "CPU of the relay, 1 workspace"),
    us("twenty", "CPU of the relay, 20 workspaces"),
    us("many", "CPU of the relay, 200 workspaces"),
    ratio("timesTwenty", "CPU with 20, against 1"),
    { ...ratio("times", "CPU with 200, against 1"), target: targets.timesCpuOfOneWorkspace },
    us("redisOne", "CPU of Redis, 1 workspace"),
    us("redisMany", "CPU of Redis, 200 workspaces"),
    { id: "startupMany", label: "start of the processes, 200 workspaces", unit: "ms" },
    { id: "idleMany", label: "CPU of relay and Redis while nothing comes, 200 workspaces", unit: "ms/s" },
    ...stages.map((stage) => ({
      id: `${stage}Together`,
      label: `memory of ${stage}, a file of 3,000 events in each of 200`,
      unit: "MB",
    })),
  ],
  run,
};
