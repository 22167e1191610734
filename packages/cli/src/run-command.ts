import { check } from "./commands/check.ts";
import { map } from "./commands/map.ts";
import { deliver, ingest, transform } from "./commands/stage.ts";
import { start } from "./commands/start.ts";
import { status } from "./commands/status.ts";
import type { Command } from "./command.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { print, printError } from "./output.ts";

const commands: Readonly<Record<string, Command>> = { start, ingest, transform, deliver, map, check, status };

const overview = `relay moves Braze Currents events into Twilio Segment.

Usage: relay COMMAND [options]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join("\n")}

"relay COMMAND --help" says more. Logs go to stderr, results to stdout.`;

/** Runs one command line (without "relay" itself) and answers with the exit code. */
export const runCommand = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    print(overview);
    return name === undefined ? exitCodes.usage : exitCodes.ok;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    printError(`"${name}" is no command of relay; the commands are: ${Object.keys(commands).join(", ")}`);
    return exitCodes.usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    print(command.help);
    return exitCodes.ok;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (isArgumentError(error)) {
      printError(`${error.message}\nTry "relay ${name} --help".`);
      return exitCodes.usage;
    }
    if (!(error instanceof CommandError)) throw error;
    printError(error.message);
    return error.exitCode;
  }
};

/** What node:util's parseArgs throws on a wrong command line. */
const isArgumentError = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
