import { existsSync } from "node:fs";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { loadConfig, type LoadedConfig } from "@currents-relay/shared/config/load.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export type GoodConfig = Extract<LoadedConfig, { kind: "ok" }>;

/** Taken where --config is left out. */
export const defaultConfig = "relay.yaml";

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

/** The value of --config, else the default one where this folder has it. */
export const configPath = (given: string | undefined): string => {
  if (given !== undefined) return given;
  if (existsSync(defaultConfig)) return defaultConfig;
  throw new CommandError(exitCodes.usage, `--config FILE is missing, and this folder has no ${defaultConfig}`);
};
