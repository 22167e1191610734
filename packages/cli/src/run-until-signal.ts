import { type Lifecycle, onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { RelayProcess } from "./relay-process.ts";

/** Starts, runs until a signal, drains; answers with the exit code. `onStarted` may show what runs. */
export const runUntilSignal = async (
  { lifecycle, log, adminUrl }: RelayProcess,
  name: string,
  onStarted: (stopped: AbortSignal) => void = () => undefined,
): Promise<number> => {
  const stopAsked = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const release = onSignals((signal) => {
    log.info({ signal }, stopAsked.signal.aborted ? "stopping at once" : "stopping");
    stopAsked.abort();
    lifecycle.stop().then(stopped.resolve, stopped.reject);
  });
  try {
    await startOrExplain(lifecycle, stopAsked.signal);
    if (!stopAsked.signal.aborted) {
      log.info({ admin: adminUrl() }, `${name}.started`);
      onStarted(stopAsked.signal);
    }
    await stopped.promise;
    log.info(`${name}.stopped`);
    return exitCodes.ok;
  } finally {
    release();
  }
};

/**
 * A start that fails ends the command with its message, not with a stack trace. Resolves when all has started, or
 * when it was asked to stop: a start that waits for Redis might never end.
 */
export const startOrExplain = async (lifecycle: Lifecycle, stopAsked: AbortSignal): Promise<void> => {
  const asked = new Promise<void>((resolve) => {
    if (stopAsked.aborted) resolve();
    stopAsked.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([lifecycle.start(), asked]);
  } catch (cause) {
    if (stopAsked.aborted) return;
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(exitCodes.unavailable, errorText(cause), { cause });
  }
};
