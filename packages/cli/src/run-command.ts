import { readFileSync } from "node:fs";
import { didYouMean } from "@currents-relay/shared/config/did-you-mean.ts";
import type { Command } from "./command.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { print, printError, table } from "./output.ts";

const stageSummary = (stage: string): string => `run the ${stage} stage alone (what a pod runs)`;

/** Loaded when asked for: a help text need not wait for the whole pipeline. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  start: {
    summary: "run all stages in one process (without a configuration: the example)",
    load: async () => (await import("./commands/start.ts")).start,
  },
  check: {
    summary: "list the faults of a configuration",
    load: async () => (await import("./commands/check.ts")).check,
  },
  map: {
    summary: "show the Segment calls of a Currents file, one a line",
    load: async () => (await import("./commands/map.ts")).map,
  },
  status: {
    summary: "show where each workspace stands",
    load: async () => (await import("./commands/status.ts")).status,
  },
  why: {
    summary: "say where one event is, and why",
    load: async () => (await import("./commands/why.ts")).why,
  },
  dlq: {
    summary: "look after dead letters and quarantine: list, show, replay, archive, drop",
    load: async () => (await import("./commands/dlq.ts")).dlq,
  },
  resend: {
    summary: "send again what Segment may have thrown away, or all of a time",
    load: async () => (await import("./commands/resend.ts")).resend,
  },
  backfill: {
    summary: "read what a source still has of a time, behind all that is new",
    load: async () => (await import("./commands/backfill.ts")).backfill,
  },
  hold: {
    summary: "hold a workspace for a planned pause",
    load: async () => (await import("./commands/hold.ts")).hold,
  },
  resume: {
    summary: "end a pause that hold began",
    load: async () => (await import("./commands/hold.ts")).resume,
  },
  ingest: { summary: stageSummary("ingest"), load: async () => (await import("./commands/stage.ts")).ingest },
  transform: { summary: stageSummary("transform"), load: async () => (await import("./commands/stage.ts")).transform },
  deliver: { summary: stageSummary("deliver"), load: async () => (await import("./commands/stage.ts")).deliver },
};

const overview = `relay moves Braze Currents events into Twilio Segment.

Usage: relay COMMAND [options]

${table(Object.entries(commands).map(([name, { summary }]) => ["", name, summary]))}

"relay COMMAND --help" says more. Results go to stdout, everything else to stderr.
Exit codes: 0 good, 1 something is wrong with a file or a key, 64 wrong command line, 66 input not there,
69 Redis or a port not there, 75 not all delivered yet, 78 wrong configuration.`;

const isHelp = (word: string | undefined): boolean => word === "--help" || word === "-h";

/** Runs one command line (without "relay" itself) and answers with the exit code. */
export const runCommand = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args;
  if (name === undefined) {
    printError(overview);
    return exitCodes.usage;
  }
  if (isHelp(name) || name === "help" || name === "--version") {
    print(name === "--version" ? version() : overview);
    return exitCodes.ok;
  }
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!known) {
    printError(unknown(name));
    return exitCodes.usage;
  }
  const command = await known.load();
  if (rest.some(isHelp)) {
    print(command.help);
    return exitCodes.ok;
  }
  return run(name, command, rest);
};

const run = async (name: string, command: Command, args: readonly string[]): Promise<number> => {
  try {
    // `pnpm relay start -- --once`, as npm has it, hands the "--" on.
    return await command.run(args[0] === "--" ? args.slice(1) : [...args]);
  } catch (error) {
    if (isArgumentError(error)) {
      printError(`relay ${name}: ${error.message.split(". ")[0]}\nTry "relay ${name} --help".`);
      return exitCodes.usage;
    }
    if (!(error instanceof CommandError)) throw error;
    const isUsage = error.exitCode === exitCodes.usage;
    printError(isUsage ? `relay ${name}: ${error.message}\nTry "relay ${name} --help".` : error.message);
    return error.exitCode;
  }
};

const unknown = (name: string): string => {
  const meant = didYouMean(name, Object.keys(commands));
  const advice = meant ? `did you mean ${meant}?` : `the commands are: ${Object.keys(commands).join(", ")}`;
  return `relay: there is no command "${name}"; ${advice}\nTry "relay --help".`;
};

const version = (): string => {
  const { version: number } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string; // our own file
  };
  return number;
};

/** What node:util's parseArgs throws on a wrong command line. */
const isArgumentError = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
