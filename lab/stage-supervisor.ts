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
  /**
   * SIGTERM to all that are alive, SIGKILL after `withinMs`; resolves with how each of them ended. One that was waiting
   * to be started again is not among them. None is started again.
   */
  stop(withinMs: number): Promise<Map<string, ProcessEnd>>;
}

const relay = join(import.meta.dirname, "../packages/cli/src/main.ts");

/** As Kubernetes: at once when it had lived, later when it fell over right after its start. */
const restartAfterMs = (livedMs: number): number => (livedMs < 2_000 ? 1_000 : 100);

interface Slot {
  current(): RunningStage | undefined;
  /** Undefined when nothing was alive. */
  stop(withinMs: number): Promise<ProcessEnd | undefined>;
}

const openSlot = (name: string, stage: StageName, { config, folder, onCrash }: SupervisorOptions): Slot => {
  const command = [process.execPath, relay, stage, "--config", config, "--admin-port", "0"];
  const log = join(folder, `${name}.log`);
  const stopping = new AbortController();
  let current: RunningStage | undefined;

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
    const end = await child.ended;
    current = undefined;
    if (!asked) onCrash(name, end);
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
      const alive = current;
      await untilUp(alive, withinMs);
      current?.kill("SIGTERM");
      const force = setTimeout(() => current?.kill("SIGKILL"), withinMs);
      await ended;
      clearTimeout(force);
      return alive?.ended;
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
    stop: async (withinMs) => {
      const ends = new Map<string, ProcessEnd>();
      const stopOne = async ({ name, slot }: (typeof slots)[number]) => {
        const end = await slot.stop(withinMs);
        if (end) ends.set(name, end);
      };
      await Promise.all(slots.map(stopOne));
      return ends;
    },
  };
};
