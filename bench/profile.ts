import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { selfTimes } from "./cpu-profile.ts";
import { endToEndEvents, takePass } from "./measurements/end-to-end.ts";
import { withBench } from "./open-bench.ts";
import { openRig } from "./rig.ts";

/** Where the time goes: the end-to-end run with `--cpu-prof` on every stage, and what Redis did (INFO commandstats). */
const shown = 32;
const eventsPerFile = 15_000;

const printRedis = (commandstats: string, events: number): void => {
  const rows = [...commandstats.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)]
    .map(([, command = "", calls, us]) => ({ command, calls: Number(calls) / events, us: Number(us) / events }))
    .toSorted((a, b) => b.us - a.us);
  console.log("\nredis: us and calls an event (scripts include the commands in them)");
  for (const { command, calls, us } of rows.slice(0, shown))
    console.log(`${us.toFixed(3).padStart(8)} us ${calls.toFixed(3).padStart(7)} x  ${command}`);
};

const printProfile = (name: string, file: string, events: number): void => {
  const times = selfTimes(file);
  const busyMs = times.reduce((sum, { ms }) => sum + ms, 0);
  console.log(
    `\n${name}: main thread busy for ${((busyMs * 1_000) / events).toFixed(1)} us an event, start-up included`,
  );
  for (const { place, ms } of times.slice(0, shown))
    console.log(`${((ms * 1_000) / events).toFixed(2).padStart(8)} us  ${place}`);
};

await withBench(false, async (bench) => {
  const profiles = join(bench.folder, "profiles");
  await mkdir(profiles);
  const sets = await Promise.all(
    [1, 2].map((seed) => bench.files.get({ events: endToEndEvents, eventsPerFile, seed })),
  );
  const events = sets.length * endToEndEvents;
  {
    await using rig = await openRig(bench, { nodeArgs: ["--cpu-prof", "--cpu-prof-dir", profiles] });
    let before = 0;
    for (const set of sets) {
      console.log(await takePass(rig, set, before));
      before += set.events;
    }
    printRedis(await rig.redis.info("commandstats"), events);
  }
  for (const file of readdirSync(profiles).toSorted()) printProfile(file, join(profiles, file), events);
});
