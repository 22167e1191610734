import { execFile } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where and on what the measurements were taken. */
export interface Circumstances {
  date: string;
  /** Of the repository, with "+ changes" where files differ from it; empty where there is none. */
  commit: string;
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  node: string;
  redis: string;
  /** Of the minute before: 0 on a machine of our own. */
  load: number;
  note: string | undefined;
}

const outputOf = (command: string, ...args: string[]): Promise<string> =>
  run(command, args, { cwd: import.meta.dirname }).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );

export const readCircumstances = async (note: string | undefined): Promise<Circumstances> => {
  const [commit, changes, redis] = await Promise.all([
    outputOf("git", "rev-parse", "--short", "HEAD"),
    outputOf("git", "status", "--porcelain", "--", "../packages"),
    outputOf("redis-server", "--version"),
  ]);
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    commit: changes === "" ? commit : `${commit} + changes`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    redis: /v=(\S+)/.exec(redis)?.[1] ?? "unknown",
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    note,
  };
};

export const describeCircumstances = ({
  cpu,
  cores,
  memoryGb,
  kernel,
  node,
  redis,
  load,
  ...rest
}: Circumstances): string[] => [
  `${rest.date} UTC, commit ${rest.commit || "unknown"}`,
  `${cores} cores of ${cpu}, ${memoryGb} GB, Linux ${kernel}; Node ${node}, Redis ${redis} (appendfsync always)`,
  `load before the first run: ${load}${rest.note === undefined ? "" : `; ${rest.note}`}`,
];
