import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { loadConfig, type LoadedConfig } from "@currents-relay/shared/config/load.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export type GoodConfig = Extract<LoadedConfig, { kind: "ok" }>;

/** Loads the configuration, or ends the command with all its faults. */
export const readConfig = (path: string): GoodConfig => {
  const loaded = loadConfig(path, readEnvironment());
  if (loaded.kind === "ok") return loaded;
  const count = loaded.faults.length === 1 ? "1 fault" : `${loaded.faults.length} faults`;
  throw new CommandError(
    exitCodes.config,
    `The configuration has ${count}:\n${loaded.faults.map((fault) => `  ${fault}`).join("\n")}`,
  );
};

/** The value of --config, which the command cannot do without. */
export const requireConfigPath = (path: string | undefined): string => {
  if (path === undefined) throw new CommandError(exitCodes.usage, "--config FILE is missing");
  return path;
};
