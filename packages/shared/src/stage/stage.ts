import type { Redis } from "ioredis";
import { configFingerprint } from "../config/fingerprint.ts";
import type { RelayConfig, WorkspaceConfig } from "../config/schema.ts";
import type { Part } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/logger.ts";
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

/** A stage is one runner for each workspace. Changes are applied one after the other, in the order they came. */
export const createStage = (name: string, first: RelayConfig, open: OpenWorkspace): Stage => {
  const runners = new Map<string, { runner: WorkspaceRunner; fingerprint: string }>();
  const never = new AbortController().signal;
  let queue: Promise<void> = Promise.resolve();

  const closeStale = async (wanted: ReadonlyMap<string, string>) => {
    const stale = [...runners].filter(([workspace, { fingerprint }]) => wanted.get(workspace) !== fingerprint);
    await Promise.all(
      stale.map(async ([workspace, { runner }]) => {
        runners.delete(workspace);
        await runner.drain(never);
      }),
    );
  };

  const applyNow = async (config: RelayConfig) => {
    const { workspaces, ...rest } = config;
    const wanted = new Map(
      Object.entries(workspaces).map(([workspace, settings]) => [workspace, configFingerprint([rest, settings])]),
    );
    await closeStale(wanted);
    for (const [workspace, settings] of Object.entries(workspaces)) {
      const fingerprint = wanted.get(workspace) ?? "";
      if (!runners.has(workspace))
        runners.set(workspace, { fingerprint, runner: await open(workspace, settings, config) });
    }
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
      await queue.catch(() => undefined);
      await Promise.all([...runners.values()].map(({ runner }) => runner.drain(force)));
    },
    unreadyReasons: () =>
      [...runners]
        .filter(([, { runner }]) => !runner.isRunning())
        .map(([workspace]) => `${name} of ${workspace} has stopped`),
  };
};
