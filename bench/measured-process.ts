import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LeashedProcess, startLeashed } from "../lab/leashed-process.ts";
import { cpuSecondsOf, peakRssBytesOf } from "./process-cost.ts";

const stopWithinMs = 30_000;
const shownLogCharacters = 2_000;

/** A process of ours, and what it costs. It ends with the bench, however that ends. */
export interface MeasuredProcess {
  /** Unique in its folder. */
  name: string;
  ended: LeashedProcess["ended"];
  hasEnded: () => boolean;
  cpuSeconds: () => number;
  peakRssBytes: () => number;
  /** All that it has written, to stdout and stderr. */
  output: () => Promise<string>;
  /** SIGTERM, and SIGKILL after 30 s; may be called twice. */
  stop: () => Promise<void>;
}

export const startMeasured = (name: string, command: readonly string[], folder: string): MeasuredProcess => {
  const log = join(folder, `${name}.log`);
  const child = startLeashed(command, log);
  const { pid, ended } = child;
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  return {
    name,
    ended,
    hasEnded: () => hasEnded,
    cpuSeconds: () => cpuSecondsOf(pid),
    peakRssBytes: () => peakRssBytesOf(pid),
    output: () => readFile(log, "utf8"),
    stop: async () => {
      if (!hasEnded) child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
      await ended;
      clearTimeout(force);
    },
  };
};

/** Throws, with the end of its output, for the first of the processes that has ended by itself. */
export const checkAlive = async (processes: readonly MeasuredProcess[]): Promise<void> => {
  const dead = processes.find((one) => one.hasEnded());
  if (dead) throw new Error(`${dead.name} has ended by itself:\n${(await dead.output()).slice(-shownLogCharacters)}`);
};
