import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");

export interface RunningRelay {
  child: ChildProcess;
  /** All that it has written so far. */
  stdout: () => string;
  stderr: () => string;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
  /** SIGTERM, then the exit code. */
  stop: () => Promise<number | null>;
}

/** Starts the real `relay` as a process. */
export const startRelay = (args: readonly string[], options: { cwd?: string } = {}): RunningRelay => {
  const child = spawn(process.execPath, [main, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const exited = once(child, "close").then(([code]) => code as number | null); // as node:child_process documents "close"
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
};
