#!/usr/bin/env node
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { exitCodes } from "./exit-codes.ts";
import { outliveReaders, printError } from "./output.ts";
import { runCommand } from "./run-command.ts";
import { tuneProcess } from "./tune-process.ts";

tuneProcess(process.argv[2]);
outliveReaders();
// Before a command takes signals over there is nothing to drain, and after it has ended there is nothing left to do:
// then SIGTERM ends the process in order, too.
onSignals((signal) => {
  if (process.listenerCount(signal) > 1) return;
  process.exit(signal === "SIGINT" ? exitCodes.interrupted : undefined);
});
try {
  const code = await runCommand(process.argv.slice(2));
  // Output that could not be written has failed a command that went well (output.ts).
  if (code !== exitCodes.ok) process.exitCode = code;
} catch (error) {
  printError(`relay: this should not happen, and is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(exitCodes.bug);
}
