import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readLatencies } from "../accepted-log.ts";
import { percentile, type Readings } from "../figure.ts";
import { type Landings, landSteadily } from "../landing-schedule.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { openRig } from "../rig.ts";
import { targets } from "../targets.ts";

const eventsPerSecond = 1_000;
const everyMs = 1_000;
/** The first files meet code that is not compiled yet; they land, and are not counted. */
const warmUpFiles = 3;

const run = async (bench: Bench): Promise<Readings> => {
  const seconds = bench.isQuick ? 10 : 20;
  const events = (seconds + warmUpFiles) * eventsPerSecond;
  const set = await bench.files.get({ events, eventsPerFile: (eventsPerSecond * everyMs) / 1_000, seed: 5 });
  const idLog = join(bench.folder, "latency.ndjson");
  await rm(idLog, { force: true }); // the ids are the same in every round
  const landings: Landings = new Map();
  {
    // The configured limit is above what lands, and files are looked for as often as by default.
    await using rig = await openRig(bench, { idLog, poll: "500ms", segment: { "*": { eventsPerSecond: 2_000 } } });
    await landSteadily({ set, source: rig.source("acme"), everyMs, afterMs: 0 }, landings, bench.signal);
    await rig.standIn.untilAccepted(events);
  }
  for (const id of set.ids.slice(0, warmUpFiles * eventsPerSecond)) landings.delete(id);
  const latencies = await readLatencies(idLog, landings);
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
  };
};

export const latency: Measurement = {
  name: "latency",
  about: "from a file's landing to the acceptance of its events: 1,000 events/s in a file each second, poll: 500ms",
  figures: [
    { id: "p50", label: "half of the events within", unit: "ms" },
    { id: "p99", label: "99 % of the events within", unit: "ms", target: targets.latencyP99Ms },
    { id: "max", label: "all events within", unit: "ms" },
  ],
  run,
};
