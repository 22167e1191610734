import { imageEnvironment } from "./image-environment.ts";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { checkAlive, type MeasuredProcess, startMeasured } from "./measured-process.ts";
import { until } from "./until.ts";

const relay = join(import.meta.dirname, "../packages/cli/src/main.ts");

export const stages = ["ingest", "transform", "deliver"] as const;
/** What a process does: one stage, or (`start`) all of them. */
export type Role = (typeof stages)[number] | "start";

export interface RelayProcess extends MeasuredProcess {
  role: Role;
  /** Resolves when it says that it is ready to work. */
  untilReady: () => Promise<void>;
}

export interface RelayProcessOptions {
  role: Role;
  /** From 1, among the processes of the role. */
  number: number;
  /** Path of relay.yaml. */
  config: string;
  folder: string;
  /** More arguments of Node itself: `--cpu-prof`. */
  nodeArgs: readonly string[];
  signal: AbortSignal;
}

const readyWithinMs = 120_000;

/** Starts `relay ROLE`. */
export const startRelayProcess = async (options: RelayProcessOptions): Promise<RelayProcess> => {
  const { role, number, config, folder, nodeArgs, signal } = options;
  const port = await freePort();
  const command = [
    "env",
    ...imageEnvironment(),
    process.execPath,
    ...nodeArgs,
    relay,
    role,
    "--config",
    config,
    "--admin-port",
    String(port),
  ];
  const child = startMeasured(`${role}-${number}`, command, folder);
  const isReady = async (): Promise<true | undefined> => {
    await checkAlive([child]);
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal }).catch(() => undefined);
    return response?.ok || undefined;
  };
  return {
    ...child,
    role,
    untilReady: async () => {
      await until({ what: `${child.name} is ready`, signal, withinMs: readyWithinMs }, isReady);
    },
  };
};
