import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

/** Commands that run for long and move events. */
const stageCommands = ["start", "ingest", "transform", "deliver"];
const youngSpaceFlag = "--max-semi-space-size";

/** As the Dockerfile has them, but for the place of the cache. What the user has set stays as it is. */
const environment = {
  MALLOC_ARENA_MAX: "1",
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../../node_modules/.cache/relay"),
};

type Own = Pick<NodeJS.Process, "argv" | "env" | "execArgv" | "execPath">;

/** In the image, or by whoever wants another size. */
const isChosen = ({ execArgv, env }: Own): boolean =>
  [...execArgv, env.NODE_OPTIONS ?? ""].some((option) => option.replaceAll("_", "-").includes(youngSpaceFlag));

/**
 * The command line and environment with which a process of `relay` is to run; undefined: it does already. Some of it
 * is read when a process begins, and so it has to begin again.
 */
export const tunedStart = (
  command: string | undefined,
  own: Own,
): { args: string[]; env: NodeJS.ProcessEnv } | undefined => {
  if (!command || !stageCommands.includes(command) || isChosen(own)) return undefined;
  const args = [own.execPath, `${youngSpaceFlag}=4`, ...own.execArgv, ...own.argv.slice(1)];
  return { args, env: { ...environment, ...own.env } };
};

/**
 * What a process tells V8 and malloc of its memory (ADR 0024 has the counts). To be called before anything is
 * allocated: it begins the process again, under the same pid, where the environment has not been set for it.
 *
 * Payloads are Buffers, outside of a heap of 30 MB, and V8 collects that heap when a third of its size has been used for
 * them: every 10 MB. That was a third of all CPU of a stage. Now it waits longer. Deliver keeps few objects, so that
 * scavenges cost it little: its space for young ones stays at the 1 MB it begins with, and what was sent is free soon.
 */
export const tuneProcess = (command: string | undefined): void => {
  const start = tunedStart(command, process);
  // Windows cannot, and goes on as it is.
  if (start && process.platform !== "win32") process.execve?.(process.execPath, start.args, start.env);
  setFlagsFromString("--heap-growing-percent=100");
  if (command === "deliver") setFlagsFromString("--semi-space-growth-factor=1");
};

/** From so many workspaces on, deliver keeps objects for long enough that scavenges of a small space cost it more than they give. */
const manyWorkspaces = 50;

/**
 * What a process tells V8 once the configuration is known, before anything is opened for it: each workspace has waits
 * and timers, which live for seconds, and are copied by each scavenge meanwhile.
 */
export const tuneForWorkspaces = (stage: string, workspaces: number): void => {
  if (stage === "deliver" && workspaces >= manyWorkspaces) setFlagsFromString("--semi-space-growth-factor=2");
};
