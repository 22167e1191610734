import { parseArgs } from "node:util";
import { verifyWriteKey } from "@currents-relay/deliver/adapters/settings-probe.ts";
import { folderSource } from "@currents-relay/ingest/adapters/folder-source.ts";
import type { ConnectorConfig, SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { readConfig, requireConfigPath } from "../read-config.ts";

export const check: Command = {
  summary: "list the faults of a configuration",
  help: `Usage: relay check --config FILE [--verify]

Reads the configuration and lists every fault in it with its line; opens no connection.
  --config FILE  the configuration
  --verify       also ask Segment whether it knows the write keys, and try to list the sources

Exits with 0 when all is well, 78 when the configuration has faults, 1 when a key or a source has.`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, verify: { type: "boolean" } } });
    const { config, file } = readConfig(requireConfigPath(values.config));
    const workspaces = Object.entries(config.workspaces);
    const connectors = workspaces.flatMap(([, workspace]) => Object.keys(workspace.connectors));
    print(`${file} is good: ${count(workspaces.length, "workspace")}, ${count(connectors.length, "connector")}.`);
    if (!values.verify) return exitCodes.ok;

    let isGood = true;
    for (const [name, workspace] of workspaces) {
      const findings: [string, Finding][] = [
        ["write key", await verifyKey(workspace.segment)],
        ...(await Promise.all(
          Object.entries(workspace.connectors).map(async ([connector, settings]): Promise<[string, Finding]> => [
            `connector ${connector}`,
            await verifySource(settings),
          ]),
        )),
      ];
      for (const [what, finding] of findings) {
        print(`${finding.isGood ? "ok   " : "FAULT"}  ${name}, ${what}: ${finding.text}`);
        isGood &&= finding.isGood;
      }
    }
    return isGood ? exitCodes.ok : exitCodes.failed;
  },
};

interface Finding {
  isGood: boolean;
  text: string;
}

const verifyKey = async ({ writeKey, settingsEndpoint, requestTimeoutMs }: SegmentConfig): Promise<Finding> => {
  const signal = AbortSignal.timeout(2 * requestTimeoutMs);
  const verdict = await verifyWriteKey({ settingsEndpoint, writeKey, timeoutMs: requestTimeoutMs, signal });
  if (verdict === "known") return { isGood: true, text: "Segment knows it" };
  if (verdict === "unknown")
    return { isGood: false, text: `${settingsEndpoint} does not know it; events sent with it would vanish` };
  return { isGood: false, text: `could not be verified: ${verdict.undecided}` };
};

const verifySource = async ({ source }: ConnectorConfig): Promise<Finding> => {
  try {
    let files = 0;
    let bytes = 0;
    for await (const object of folderSource(source.path).list(AbortSignal.timeout(60_000))) {
      files += 1;
      bytes += object.bytes;
    }
    return { isGood: true, text: `${source.path} has ${count(files, "file")} (${(bytes / 1e6).toFixed(1)} MB)` };
  } catch (error) {
    return { isGood: false, text: error instanceof Error ? error.message : String(error) };
  }
};

const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? "" : "s"}`;
