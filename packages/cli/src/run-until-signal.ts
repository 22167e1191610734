import { type Lifecycle, onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

/** Starts, runs until a signal, drains; answers with the exit code. */
export const runUntilSignal = async (lifecycle: Lifecycle, log: Logger, name: string): Promise<number> => {
  const stopped = Promise.withResolvers<void>();
  const release = onSignals((signal) => {
    log.info({ signal }, "stopping");
    lifecycle.stop().then(stopped.resolve, stopped.reject);
  });
  try {
    await startOrExplain(lifecycle);
    log.info(`${name}.started`);
    await stopped.promise;
    log.info(`${name}.stopped`);
    return exitCodes.ok;
  } finally {
    release();
  }
};

/** A start that fails ends the command with its message, not with a stack trace. */
export const startOrExplain = async (lifecycle: Lifecycle): Promise<void> => {
  try {
    await lifecycle.start();
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(exitCodes.unavailable, cause instanceof Error ? cause.message : String(cause), { cause });
  }
};
