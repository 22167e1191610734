import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Writable } from "node:stream";

/** How a process ended: by its own exit code, or by a signal. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export const describeEnd = ({ code, signal }: ProcessEnd): string => signal ?? `exit code ${code}`;

export interface LeashedProcess {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<ProcessEnd>;
}

/**
 * Becomes the command (same pid) and leaves a watcher behind that kills it when our end of descriptor 3 closes without
 * a word: also kill -9 of the lab leaves no stage running.
 */
const leash = `
(read -r bye <&3 || kill -9 $$) >/dev/null 2>&1 &
exec 3<&-
exec "$0" "$@"`;

/** Starts a command that ends with this process, however that ends; its output is appended to the file `log`. */
export const startLeashed = (command: readonly string[], log: string): LeashedProcess => {
  const output = openSync(log, "a");
  // Detached: Ctrl-C goes to the whole terminal group, and only the lab decides when a stage ends.
  const child = spawn("/bin/sh", ["-c", leash, ...command], {
    detached: true,
    stdio: ["ignore", output, output, "pipe"],
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) throw new Error("cannot start /bin/sh");
  child.stdio[3]?.on("error", () => undefined); // the watcher may be gone already
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      // Tells the watcher that there is nothing left to kill. Descriptor 3 is a pipe by the options above.
      (child.stdio[3] as Writable).end("bye\n");
      resolve({ code, signal });
    });
  });
  return { pid, kill: (signal) => void child.kill(signal), ended };
};
