import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "@currents-relay/sim/currents-maker/random.ts";
import { type Damage, openWindow } from "./damage.ts";
import { describeEnd } from "./leashed-process.ts";
import type { Lab } from "./scenario.ts";
import { type RunningStage, type StageName, stageNames, type StageSupervisor } from "./stage-supervisor.ts";

export interface StageTools {
  stages: StageSupervisor;
  random: Random;
  damage: Damage;
  pause: Lab["pause"];
  say: (what: string) => void;
}

/** A second SIGTERM gives jobs back at once; only a request under way is waited for. */
const forcedWithinMs = 12_000;
/** The stages' own deadline after one SIGTERM is 25 s. */
const drainedWithinMs = 30_000;
const lookEveryMs = 50;

export const stageBreaker = (tools: StageTools): Pick<Lab, "kill" | "terminate"> => ({
  kill: async (wanted) => {
    const { damage, say, random } = tools;
    const stage = wanted ?? random.pick(stageNames);
    const victim = await oneOf(tools, stage, () => true);
    damage.kills[stage] += 1;
    say(`kill -9 ${victim.name}`);
    const window = stage === "deliver" ? openWindow(damage, stage) : undefined;
    victim.kill("SIGKILL");
    await victim.ended;
    if (window) window.untilMs = Date.now();
  },

  terminate: async (stage, secondAfterMs) => {
    const { damage, say } = tools;
    // A process that is still starting has no handler yet and simply ends, as any program does.
    const asked = await oneOf(tools, stage, (one) => one.isUp());
    damage.terminations += 1;
    say(`SIGTERM ${asked.name}`);
    asked.kill("SIGTERM");
    const isTwice = secondAfterMs !== undefined && !(await endsWithin(asked, secondAfterMs));
    if (isTwice) {
      say(`SIGTERM ${asked.name}, again`);
      asked.kill("SIGTERM");
    }
    const withinMs = isTwice ? forcedWithinMs : drainedWithinMs;
    if (await endsWithin(asked, withinMs)) {
      const end = await asked.ended;
      // Node has no handlers any more while it takes itself down: the second signal may meet a process that is done.
      const isInOrder = end.code === 0 || (isTwice && end.signal === "SIGTERM" && (await asked.hasStopped()));
      if (!isInOrder) damage.faults.push(`${asked.name} ended with ${describeEnd(end)} after SIGTERM`);
      return;
    }
    damage.faults.push(`${asked.name} did not end within ${withinMs} ms of ${isTwice ? "a second " : ""}SIGTERM`);
    if (stage === "deliver") openWindow(damage, stage).untilMs = Date.now();
    asked.kill("SIGKILL");
    await asked.ended;
  },
});

type Condition = (one: RunningStage) => boolean | Promise<boolean>;

/** A random one of the stage's processes for which the condition holds; waits for one. */
const oneOf = async ({ stages, random, pause }: StageTools, stage: StageName, holds: Condition) => {
  for (;;) {
    const running = stages.running(stage);
    const one = running[random.below(running.length)];
    if (one && (await holds(one))) return one;
    await pause(lookEveryMs);
  }
};

const endsWithin = async ({ ended }: RunningStage, withinMs: number): Promise<boolean> => {
  const late = new AbortController();
  const passed = delay(withinMs, false, { signal: late.signal }).catch(() => false);
  const isEnded = await Promise.race([ended.then(() => true), passed]);
  late.abort();
  return isEnded;
};
