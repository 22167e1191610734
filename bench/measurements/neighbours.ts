import { join } from "node:path";
import { readLatencies } from "../accepted-log.ts";
import { percentile, type Readings } from "../figure.ts";
import { type Landings, landSteadily } from "../landing-schedule.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { writeKeyOf } from "../relay-config.ts";
import { openRig, type Rig } from "../rig.ts";
import { targets } from "../targets.ts";
import { until } from "../until.ts";

const quiet = ["quiet-1", "quiet-2", "quiet-3", "quiet-4", "quiet-5", "quiet-6", "quiet-7", "quiet-8"];
const all = [...quiet, "flood", "outage"];
const eventsPerSecond = 50;
const floodTimes = 100;
const everyMs = 1_000;
/** Landed and not counted: code that is not compiled yet. */
const warmUpFiles = 2;

/** Lands in every workspace, a little apart from each other; what landed in the quiet ones is noted. */
const land = async (
  bench: Bench,
  rig: Rig,
  { seconds, isCalm }: { seconds: number; isCalm: boolean },
): Promise<Landings> => {
  const landings: Landings = new Map();
  const notCounted: Landings = new Map();
  const files = seconds + warmUpFiles;
  await Promise.all(
    all.map(async (workspace, index) => {
      const eventsPerFile = workspace === "flood" && !isCalm ? eventsPerSecond * floodTimes : eventsPerSecond;
      const set = await bench.files.get({ events: files * eventsPerFile, eventsPerFile, seed: 100 + index });
      const schedule = { set, source: rig.source(workspace), everyMs, afterMs: (index * everyMs) / all.length };
      await landSteadily(schedule, quiet.includes(workspace) ? landings : notCounted, bench.signal);
      for (const id of set.ids.slice(0, warmUpFiles * eventsPerFile)) landings.delete(id);
    }),
  );
  return landings;
};

const p99 = async (bench: Bench, isCalm: boolean): Promise<number> => {
  const seconds = bench.isQuick ? 8 : 15;
  const idLog = join(bench.folder, `neighbours-${isCalm ? "calm" : "loud"}-${Date.now()}.ndjson`);
  let landings: Landings;
  {
    await using rig = await openRig(bench, {
      workspaces: all,
      idLog,
      poll: "500ms",
      segment: { "*": { eventsPerSecond: 950 } },
    });
    if (!isCalm) {
      const match = { route: "batch" as const, writeKey: writeKeyOf("outage") };
      await rig.standIn.control({ rules: [{ match, then: { status: 401 } }] });
    }
    landings = await land(bench, rig, { seconds, isCalm });
    await until(
      { what: "the quiet workspaces have delivered all", signal: bench.signal, withinMs: 120_000 },
      async () => {
        const { byWriteKey } = await rig.standIn.stats();
        const arrived = quiet.reduce((sum, name) => sum + (byWriteKey[writeKeyOf(name)]?.accepted ?? 0), 0);
        return arrived >= quiet.length * (seconds + warmUpFiles) * eventsPerSecond || undefined;
      },
    );
  }
  const latencies = await readLatencies(idLog, landings);
  if (latencies.length < landings.size) throw new Error(`${landings.size - latencies.length} events did not arrive`);
  return percentile(latencies, 0.99);
};

const run = async (bench: Bench): Promise<Readings> => {
  const calm = await p99(bench, true);
  const loud = await p99(bench, false);
  return { calm, loud, times: loud / calm };
};

export const neighbours: Measurement = {
  name: "neighbours",
  about: "8 workspaces of 50 events/s, beside two like them, then beside one of 5,000 events/s and one that gets 401",
  isLong: true,
  figures: [
    { id: "calm", label: "99 % of the 8's events within, calm", unit: "ms" },
    { id: "loud", label: "99 % of the 8's events within, beside flood and outage", unit: "ms" },
    { id: "times", label: "loud, against calm", unit: "x", decimals: 2, target: targets.timesCalmP99 },
  ],
  run,
};
