import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type LeashedProcess, type ProcessEnd, startLeashed } from "./leashed-process.ts";

export const stageNames = ["ingest", "transform", "deliver"] as const;
export type StageName = (typeof stageNames)[number];

export interface SupervisorOptions {
  /** The configuration that every stage reads. */
  config: string;
  /** Where each process writes its log: `ingest-1.log`, one file over all its lives. */
  folder: string;
  /** How many processes of each stage. */
  processes: Readonly<Record<StageName, number>>;
  /** A process ended that nobody had killed or asked to. */
  onCrash: (name: string, end: ProcessEnd) => void;
}

/** A stage's process, alive; its place is taken by the next one when it ends. */
export interface RunningStage {
  name: string;
  stage: StageName;
  kill(signal: NodeJS.Signals): void;
  /** Whether it has said in its log that it runs. */
  isUp(): Promise<boolean>;
  /** Whether it has said in its log that it is done. */
  hasStopped(): Promise<boolean>;
  ended: Promise<ProcessEnd>;
}

export interface StageSupervisor {
  /** The processes that are alive now; fewer than asked for while some are being started again. */
  running(stage: StageName): RunningStage[];
  /** SIGTERM to all; resolves with how each ended, SIGKILL after `withinMs`. None is started again. */
  stop(withinMs: number): Promise<Map<string, ProcessEnd>>;
}

const relay = join(import.meta.dirname, "../packages/cli/src/main.ts");

/** As Kubernetes: at once when it had lived, later when it fell over right after its start. */
const restartAfterMs = (livedMs: number): number => (livedMs < 2_000 ? 1_000 : 100);

interface Slot {
  current(): RunningStage | undefined;
  stop(withinMs: number): Promise<ProcessEnd>;
}

const openSlot = (name: string, stage: StageName, { config, folder, onCrash }: SupervisorOptions): Slot => {
  const command = [process.execPath, relay, stage, "--config", config, "--admin-port", "0"];
  const log = join(folder, `${name}.log`);
  const stopping = new AbortController();
  let current: RunningStage | undefined;
  let last: ProcessEnd = { code: 0, signal: null };

  const runOnce = async (): Promise<void> => {
    const before = existsSync(log) ? statSync(log).size : 0;
    const child: LeashedProcess = startLeashed(command, log);
    let asked = false;
    const kill = (signal: NodeJS.Signals): void => {
      asked = true;
      child.kill(signal);
    };
    const hasSaid = async (message: string) =>
      (await readFile(log)).subarray(before).includes(`"msg":"${stage}.${message}"`);
    const [isUp, hasStopped] = [() => hasSaid("started"), () => hasSaid("stopped")];
    current = { name, stage, kill, isUp, hasStopped, ended: child.ended };
    last = await child.ended;
    current = undefined;
    if (!asked) onCrash(name, last);
  };

  const ended = (async () => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      await runOnce();
      const pauseMs = restartAfterMs(performance.now() - startedMs);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    current: () => current,
    stop: async (withinMs) => {
      stopping.abort();
      await untilUp(current, withinMs);
      current?.kill("SIGTERM");
      const force = setTimeout(() => current?.kill("SIGKILL"), withinMs);
      await ended;
      clearTimeout(force);
      return last;
    },
  };
};

/** A process that is still starting has no handler for signals yet and would simply die. */
const untilUp = async (one: RunningStage | undefined, withinMs: number): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (one && performance.now() < deadline && !(await one.isUp())) {
    const ended = await Promise.race([one.ended, delay(50)]);
    if (ended) return;
  }
};

/** Starts the stages as processes of their own and starts each again whenever it ends, as a Kubernetes node would. */
export const superviseStages = (options: SupervisorOptions): StageSupervisor => {
  const slots = stageNames.flatMap((stage) =>
    Array.from({ length: options.processes[stage] }, (_, index) => {
      const name = `${stage}-${index + 1}`;
      return { name, stage, slot: openSlot(name, stage, options) };
    }),
  );
  return {
    running: (wanted) => slots.flatMap(({ stage, slot }) => (stage === wanted ? (slot.current() ?? []) : [])),
    stop: async (withinMs) =>
      new Map(await Promise.all(slots.map(async ({ name, slot }) => [name, await slot.stop(withinMs)] as const))),
  };
};
