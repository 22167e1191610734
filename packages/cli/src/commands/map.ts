import { createReadStream } from "node:fs";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { mapFile, type MapResult } from "../map-file.ts";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { formatCount, printError } from "../output.ts";
import { readConfig } from "../read-config.ts";
import { connectorRules } from "@currents-relay/transform/config.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";

export const map: Command = {
  summary: "show the Segment calls of a Currents file, one a line",
  help: `Usage: relay map FILE [--config FILE --workspace W --connector C]

Reads a Currents file (Avro), or JSON as Braze's Custom HTTP connector sends it ({"events": [...]}, or one event a
line), and prints one Segment call a line. Needs no Redis and no network. What it leaves out is counted on stderr.
  --config FILE   map by the rules of a configured connector; without it, by the defaults
  --workspace W   which workspace's
  --connector C   which connector's; may be left out where there is one

Exits with 1 when a part of the file could not be read or mapped.`,

  run: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { config: { type: "string" }, workspace: { type: "string" }, connector: { type: "string" } },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new CommandError(exitCodes.usage, "name one FILE to map");
    const rules = rulesFrom(values);
    const result = await mapFile(createReadStream(file), { name: file, rules, write: writeLine }).catch(
      (cause: unknown) => {
        if (
          cause instanceof Error &&
          "code" in cause &&
          (cause.code === "ENOENT" || cause.code === "EISDIR" || cause.code === "EACCES")
        )
          throw new CommandError(exitCodes.unavailable, `${file} cannot be read (${cause.code})`, { cause });
        throw cause;
      },
    );
    report(result);
    return result.faults.length > 0 || result.quarantined.length > 0 ? exitCodes.failed : exitCodes.ok;
  },
};

interface RuleOptions {
  config?: string | undefined;
  workspace?: string | undefined;
  connector?: string | undefined;
}

const defaultRules: ConnectorRules = {
  connector: "default",
  fields: { remove: [], hash: [] },
  eventNames: {},
  anonymousUsers: false,
};

const rulesFrom = ({ config, workspace, connector }: RuleOptions): ConnectorRules => {
  if (config === undefined) {
    if (workspace !== undefined || connector !== undefined)
      throw new CommandError(exitCodes.usage, "--workspace and --connector need --config FILE");
    return defaultRules;
  }
  const { workspaces } = readConfig(config).config;
  const [name, settings] = choose("workspace", workspaces, workspace);
  const [, rules] = choose("connector", Object.fromEntries(connectorRules(name, settings)), connector);
  return rules;
};

const choose = <T>(what: string, from: Readonly<Record<string, T>>, name: string | undefined): [string, T] => {
  const names = Object.keys(from);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const found = chosen === undefined ? undefined : from[chosen];
  if (chosen !== undefined && found !== undefined) return [chosen, found];
  const said = name === undefined ? `--${what} is missing` : `there is no ${what} "${name}"`;
  throw new CommandError(exitCodes.usage, `${said}; there ${names.length === 1 ? "is" : "are"}: ${names.join(", ")}`);
};

const writeLine = async (line: string): Promise<void> => {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
};

const report = ({ calls, dropped, quarantined, faults }: MapResult): void => {
  printError(`${formatCount(calls)} calls`);
  for (const [reason, count] of Object.entries(dropped)) printError(`${formatCount(count)} dropped: ${reason}`);
  for (const { reason, message, at } of quarantined) printError(`quarantined: ${reason}: ${message} (${at})`);
  for (const { reason, message, offset } of faults) printError(`unreadable: ${reason} at byte ${offset}: ${message}`);
};
