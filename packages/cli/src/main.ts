#!/usr/bin/env node
import { exitCodes } from "./exit-codes.ts";
import { outliveReaders, printError } from "./output.ts";
import { runCommand } from "./run-command.ts";

outliveReaders();
try {
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  printError(`relay: this should not happen, and is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(exitCodes.bug);
}
