import type { Readings } from "../figure.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { stages } from "../relay-processes.ts";
import { openRig } from "../rig.ts";
import { targets } from "../targets.ts";
import { endToEndEvents, takePass } from "./end-to-end.ts";

const megabyte = 1e6;

const run = async (bench: Bench): Promise<Readings> => {
  const set = await bench.files.get({ events: endToEndEvents, eventsPerFile: endToEndEvents, seed: 7 });
  await using rig = await openRig(bench);
  const rss = () => rig.relays.map(({ role, peakRssBytes }) => [role, peakRssBytes() / megabyte] as const);
  const before = Object.fromEntries(rss().map(([role, megabytes]) => [`${role}Before`, megabytes]));
  await takePass(rig, set);
  return { ...before, ...Object.fromEntries(rss()) };
};

export const memory: Measurement = {
  name: "memory",
  about: "the most memory a process has resident, with one file of 100,000 events (67 MB)",
  figures: stages.flatMap((stage) => [
    {
      id: stage,
      label: `${stage}, after the file`,
      unit: "MB",
      ...(stage !== "deliver" && { target: targets.workerRssMb }),
    },
    { id: `${stage}Before`, label: "  of it, before the file", unit: "MB" },
  ]),
  run,
};
