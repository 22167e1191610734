import type { Redis } from "ioredis";
import { configFingerprint } from "../config/fingerprint.ts";
import type { RelayConfig, WorkspaceConfig } from "../config/schema.ts";
import type { Part } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/logger.ts";
import { oneAtATime } from "../runtime/one-at-a-time.ts";
import type { Metrics } from "../runtime/metrics.ts";

/** What every stage gets from the process that it runs in. */
export interface StageContext {
  redis: Redis;
  log: Logger;
  metrics: Metrics;
}

/** What one stage runs for one workspace. */
export interface WorkspaceRunner {
  drain(force: AbortSignal): Promise<void>;
  /** False while a loop of it has stopped that should run: the process is then not ready. */
  isRunning(): boolean;
}

export type OpenWorkspace = (name: string, workspace: WorkspaceConfig, config: RelayConfig) => Promise<WorkspaceRunner>;

export interface Stage extends Part {
  name: string;
  /** Makes a configuration take effect: opens, re-opens and closes workspaces; those without a change run on. */
  apply(config: RelayConfig): Promise<void>;
  unreadyReasons(): string[];
}

interface OpenRunner {
  runner: WorkspaceRunner;
  fingerprint: string;
}

/** Brings the runners to what is wanted; one that takes long to end, or cannot be opened, keeps no other waiting. */
const bringTo = async (
  runners: Map<string, OpenRunner>,
  wanted: ReadonlyMap<string, string>,
  { drain, open }: { drain: (runner: WorkspaceRunner) => Promise<void>; open: (workspace: string) => Promise<void> },
): Promise<void> => {
  const faults: unknown[] = [];
  const noted = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => void faults.push(error));
  const stale = [...runners].filter(([workspace, { fingerprint }]) => wanted.get(workspace) !== fingerprint);
  const closing = new Map(
    stale.map(([workspace, { runner }]) => {
      runners.delete(workspace);
      return [workspace, noted(drain(runner))];
    }),
  );
  const inTurn = oneAtATime();
  const openings = [...wanted.keys()].map(async (workspace) => {
    await closing.get(workspace);
    if (!runners.has(workspace)) await noted(inTurn(() => open(workspace)));
  });
  await Promise.all([...closing.values(), ...openings]);
  if (faults.length > 0) throw faults[0];
};

/** A stage is one runner for each workspace. Changes are applied one after the other, in the order they came. */
export const createStage = (name: string, first: RelayConfig, open: OpenWorkspace): Stage => {
  const runners = new Map<string, OpenRunner>();
  let wanted: ReadonlyMap<string, string> = new Map();
  /** Aborted when drains are not to wait any more. */
  const forced = new AbortController();
  let isEnding = false;
  let queue: Promise<void> = Promise.resolve();

  const applyNow = async (config: RelayConfig) => {
    const { workspaces, ...rest } = config;
    const fingerprints = Object.entries(workspaces).map(
      ([workspace, settings]) => [workspace, configFingerprint([rest, settings])] as const,
    );
    wanted = new Map(fingerprints);
    await bringTo(runners, wanted, {
      drain: (runner) => runner.drain(forced.signal),
      open: async (workspace) => {
        const [settings, fingerprint] = [workspaces[workspace], wanted.get(workspace)];
        if (isEnding || !settings || fingerprint === undefined) return;
        runners.set(workspace, { fingerprint, runner: await open(workspace, settings, config) });
      },
    });
  };

  const apply = (config: RelayConfig): Promise<void> => {
    queue = queue.catch(() => undefined).then(() => applyNow(config));
    return queue;
  };

  return {
    name,
    start: () => apply(first),
    apply,
    drain: async (force) => {
      isEnding = true;
      const onForce = () => forced.abort(force.reason);
      if (force.aborted) onForce();
      force.addEventListener("abort", onForce, { once: true });
      await queue.catch(() => undefined);
      await Promise.all([...runners.values()].map(({ runner }) => runner.drain(forced.signal)));
    },
    unreadyReasons: () => (isEnding ? [`${name} is ending`] : notRunning(name, wanted, runners)),
  };
};

const notRunning = (
  stage: string,
  wanted: ReadonlyMap<string, string>,
  runners: ReadonlyMap<string, { runner: WorkspaceRunner }>,
): string[] => {
  const stopped = [...runners].filter(([, { runner }]) => !runner.isRunning());
  const missing = [...wanted.keys()].filter((workspace) => !runners.has(workspace));
  return [
    ...stopped.map(([workspace]) => `${stage} of ${workspace} has stopped`),
    ...missing.map((workspace) => `${stage} of ${workspace} is not open`),
  ];
};
