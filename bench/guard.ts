import type { Target } from "./figure.ts";
import type { Bench } from "./measurement.ts";
import { runScript } from "./measurements/baselines.ts";
import { takePass } from "./measurements/end-to-end.ts";
import { costWith } from "./measurements/workspaces.ts";
import { withBench } from "./open-bench.ts";
import { openRig } from "./rig.ts";
import { formatNumber, formatTarget } from "./table.ts";

/**
 * A guard for every change: ratios and counts, which a slower or busier machine leaves as they are, never times. The
 * bounds are about twice what was measured when they were set, so that a slip of two is seen and noise is not.
 */
interface Check {
  what: string;
  bound: Target;
}

const checks = {
  timesPlain: { what: "events/s of the relay, in those of a plain script", bound: { atLeast: 1.6 } },
  timesFusedCpu: { what: "CPU an event of the relay, in that of its core and transport fused", bound: { atMost: 4.5 } },
  commands: { what: "commands in Redis for an event", bound: { atMost: 0.6 } },
  bytes: { what: "bytes to and from Redis for an event", bound: { atMost: 1_000 } },
  timesWorkspaces: { what: "CPU an event with 20 workspaces, in that with one", bound: { atMost: 2 } },
} as const satisfies Record<string, Check>;

type Found = Record<keyof typeof checks, number>;

const events = 30_000;
const eventsPerFile = 15_000;
const workspaceFiles = 40;

const take = async (bench: Bench): Promise<Found> => {
  const relay = await takeRelay(bench);
  const plain = await runScript("plain-script", { events: eventsPerFile, eventsPerFile, seed: 3 })(bench);
  const fused = await runScript("fused", { events, eventsPerFile, seed: 1 })(bench);
  const one = await costWith(bench, 1, workspaceFiles);
  const twenty = await costWith(bench, 20, workspaceFiles);
  return {
    timesPlain: relay.eventsPerSecond / (plain["eventsPerSecond"] ?? 0),
    timesFusedCpu: relay.relayCpuUs / (fused["cpuUs"] ?? 0),
    commands: relay.commands,
    bytes: relay.bytesIn + relay.bytesOut,
    timesWorkspaces: twenty.relayCpuUs / one.relayCpuUs,
  };
};

const takeRelay = async (bench: Bench) => {
  await using rig = await openRig(bench);
  return await takePass(rig, await bench.files.get({ events, eventsPerFile, seed: 1 }));
};

const keeps = (value: number, bound: Target): boolean =>
  "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;

const names = Object.keys(checks) as (keyof typeof checks)[]; // the object above has no other keys
const brokenIn = (found: Found) => names.filter((name) => !keeps(found[name], checks[name].bound));

const print = (found: Found): void => {
  for (const name of names) {
    const { what, bound } = checks[name];
    const mark = keeps(found[name], bound) ? "ok  " : "MISS";
    console.log(`${mark} ${what}: ${formatNumber(found[name], 2)} (${formatTarget(bound)})`);
  }
};

/** A miss is looked at twice: what somebody else did on the machine meanwhile is not ours to answer for. */
const guard = async (): Promise<number> =>
  withBench(true, async (bench) => {
    const first = await take(bench);
    print(first);
    if (brokenIn(first).length === 0) return 0;
    console.log("once more:");
    const second = await take(bench);
    print(second);
    return brokenIn(second).some((name) => brokenIn(first).includes(name)) ? 1 : 0;
  });

guard().then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    console.error(`bench guard: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
