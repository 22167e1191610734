import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import { dropReasons, quarantineReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { connectorRules } from "@currents-relay/transform/config.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { mapFile, type MapResult } from "../map-file.ts";
import { counted, formatCount, printError, printMuch } from "../output.ts";
import { readConfig } from "../read-config.ts";

export const map: Command = {
  help: `Usage: relay map FILE [--config FILE [--workspace W] [--connector C]]

Reads a Currents file (Avro), or JSON as Braze's Custom HTTP connector sends it ({"events": [...]}, or one event a
line), and prints one Segment call a line. Needs no Redis and no network. What it leaves out is counted on stderr.
  FILE            the file; - reads stdin
  --config FILE   map by the rules of a configured connector; without it, by the defaults
  --workspace W   which workspace's; may be left out where there is one
  --connector C   which connector's; may be left out where there is one

Exits with 0 when everything was mapped or dropped by rule, 1 when a part of the file could not be read or mapped,
66 when the file cannot be opened.`,

  run: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { config: { type: "string" }, workspace: { type: "string" }, connector: { type: "string" } },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new CommandError(exitCodes.usage, "name one FILE to map");
    const rules = rulesFrom(values);
    const bytes = file === "-" ? process.stdin : createReadStream(file);
    const result = await mapFile(bytes, { name: file, rules, write: printMuch }).catch((cause: unknown) => {
      if (cause instanceof Error && "syscall" in cause && "code" in cause)
        throw new CommandError(exitCodes.noInput, `${file} cannot be read (${String(cause.code)})`, { cause });
      throw cause;
    });
    report(result);
    return result.faults > 0 || result.quarantined.size > 0 ? exitCodes.failed : exitCodes.ok;
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
  const [name, settings] = choose("workspace", Object.entries(readConfig(config).config.workspaces), workspace);
  const [, rules] = choose("connector", [...connectorRules(name, settings)], connector);
  return rules;
};

const choose = <T>(what: string, from: readonly [string, T][], name: string | undefined): [string, T] => {
  const found = from.find(([known]) => known === name);
  if (found) return found;
  const [only, ...others] = from;
  if (name === undefined && only && others.length === 0) return only;
  const said = name === undefined ? `--${what} is missing` : `there is no ${what} "${name}"`;
  const names = from.map(([known]) => known).join(", ");
  throw new CommandError(exitCodes.usage, `${said}; there ${others.length === 0 ? "is" : "are"}: ${names}`);
};

const meanings: Readonly<Record<string, string>> = { ...dropReasons, ...quarantineReasons };

const report = ({ calls, dropped, quarantined, unknownTypes, faults, examples }: MapResult): void => {
  printError(counted(calls, "call"));
  for (const [reason, count] of dropped) printError(`${formatCount(count)} dropped: ${reason} (${meanings[reason]})`);
  for (const [eventType, count] of unknownTypes)
    printError(`${formatCount(count)} of ${eventType}, which the catalog does not have: mapped by the general rules`);
  for (const [reason, count] of quarantined)
    printError(`${formatCount(count)} quarantined: ${reason} (${meanings[reason]})`);
  if (faults > 0) printError(`${counted(faults, "part")} of the file cannot be read`);
  for (const example of examples) printError(`  ${example}`);
};
