import type { Redis } from "ioredis";
import { configFingerprint } from "../config/fingerprint.ts";
import type { RelayConfig, WorkspaceConfig } from "../config/schema.ts";
import { errorText } from "../core/error-text.ts";
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
  /** Those of the reasons that are about workspaces that could not be opened. */
  notOpen(): string[];
  /** Whether it does its work for all workspaces that could be opened. */
  isWorking(): boolean;
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

/** After how long a workspace that could not be opened is tried again. */
const openAgainMs = 10_000;

/** Opens workspaces, and remembers of those that cannot be opened why. */
const opener = (stage: string, open: OpenWorkspace, log: Logger) => {
  const faults = new Map<string, string>();
  return {
    faults: faults as ReadonlyMap<string, string>,

    open: async (workspace: string, settings: WorkspaceConfig, config: RelayConfig): Promise<WorkspaceRunner> => {
      try {
        const runner = await open(workspace, settings, config);
        if (faults.delete(workspace)) log.info({ stage, workspace }, "workspace.opened");
        return runner;
      } catch (error) {
        log.error({ stage, workspace, err: error }, "workspace.not-open");
        const why = errorText(error);
        faults.set(workspace, why);
        throw new Error(`${stage} of ${workspace} is not open: ${why}`, { cause: error });
      }
    },

    forgetBut: (wanted: ReadonlyMap<string, unknown>): void => {
      for (const workspace of faults.keys()) if (!wanted.has(workspace)) faults.delete(workspace);
    },
  };
};

/** One timer at a time, which keeps no process from ending. */
const laterOnce = (ms: number) => {
  let timer: NodeJS.Timeout | undefined;
  return {
    start: (work: () => void): void => {
      timer = setTimeout(work, ms).unref();
    },
    cancel: (): void => clearTimeout(timer),
  };
};

/**
 * A stage is one runner for each workspace. Changes are applied one after the other, in the order they came. A workspace
 * that cannot be opened is tried again now and then, and keeps no other from its work: only if none can, the start fails.
 */
export const createStage = (
  name: string,
  first: RelayConfig,
  openWorkspace: OpenWorkspace,
  { log, againMs = openAgainMs }: Pick<StageContext, "log"> & { againMs?: number },
): Stage => {
  const runners = new Map<string, OpenRunner>();
  const { open, faults, forgetBut } = opener(name, openWorkspace, log);
  let wanted: ReadonlyMap<string, string> = new Map();
  /** Aborted when drains are not to wait any more. */
  const forced = new AbortController();
  let isEnding = false;
  const again = laterOnce(againMs);
  let queue: Promise<void> = Promise.resolve();

  const applyNow = async (config: RelayConfig) => {
    again.cancel();
    wanted = fingerprintsOf(config);
    forgetBut(wanted);
    const changing = bringTo(runners, wanted, {
      drain: (runner) => runner.drain(forced.signal),
      open: async (workspace) => {
        const [settings, fingerprint] = [config.workspaces[workspace], wanted.get(workspace)];
        if (isEnding || !settings || fingerprint === undefined) return;
        runners.set(workspace, { fingerprint, runner: await open(workspace, settings, config) });
      },
    });
    await changing.finally(() => {
      if (faults.size > 0 && !isEnding) again.start(() => void apply(config).catch(() => undefined)); // the opener has told
    });
  };

  const notOpen = () => missing(name, { wanted, runners, faults });

  const apply = (config: RelayConfig) => (queue = queue.catch(() => undefined).then(() => applyNow(config)));

  return {
    name,
    start: () =>
      apply(first).catch((error: unknown) => {
        if (runners.size === 0) throw error;
      }),
    apply,
    drain: async (force) => {
      isEnding = true;
      again.cancel();
      passOn(force, forced);
      await queue.catch(() => undefined);
      await Promise.all([...runners.values()].map(({ runner }) => runner.drain(forced.signal)));
    },
    unreadyReasons: () => (isEnding ? [`${name} is ending`] : [...stopped(name, runners), ...notOpen()]),
    notOpen,
    isWorking: () => !isEnding && stopped(name, runners).length === 0 && (runners.size > 0 || wanted.size === 0),
  };
};

const passOn = (force: AbortSignal, forced: AbortController): void => {
  const abort = () => forced.abort(force.reason);
  if (force.aborted) abort();
  force.addEventListener("abort", abort, { once: true });
};

/** By workspace: a hash of all that its runner depends on. */
const fingerprintsOf = ({ workspaces, ...rest }: RelayConfig): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(workspaces).map(
      ([workspace, settings]) => [workspace, configFingerprint([rest, settings])] as const,
    ),
  );

interface Running {
  wanted: ReadonlyMap<string, string>;
  runners: ReadonlyMap<string, OpenRunner>;
  faults: ReadonlyMap<string, string>;
}

const stopped = (stage: string, runners: ReadonlyMap<string, OpenRunner>): string[] =>
  [...runners]
    .filter(([, { runner }]) => !runner.isRunning())
    .map(([workspace]) => `${stage} of ${workspace} has stopped`);

const missing = (stage: string, { wanted, runners, faults }: Running): string[] =>
  [...wanted.keys()]
    .filter((workspace) => !runners.has(workspace))
    .map((workspace) => [`${stage} of ${workspace} is not open`, faults.get(workspace) ?? []].flat().join(": "));
