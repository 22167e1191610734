import type { Logger } from "./logger.ts";

/** One thing that runs. Parts start in order and drain in reverse. */
export interface Part {
  name: string;
  start?(): Promise<void> | void;
  /** Stops accepting, finishes what is in hand, closes. `force` aborted: gives back what is in hand and ends at once. */
  drain(force: AbortSignal): Promise<void> | void;
}

export interface Lifecycle {
  start(): Promise<void>;
  /** Drains every part, last one first; the second call (or the deadline) forces. Resolves when all have ended. */
  stop(): Promise<void>;
}

/** How long a drain may take before jobs in hand are given back. */
export const drainDeadlineMs = 25_000;

/** A start that fails half-way drains what has started, then rejects with the first error. */
export const createLifecycle = (parts: readonly Part[], log: Logger, deadlineMs = drainDeadlineMs): Lifecycle => {
  const started: Part[] = [];
  const force = new AbortController();
  let stopping: Promise<void> | undefined;

  const drainAll = async () => {
    const deadline = setTimeout(() => force.abort(new Error(`not drained within ${deadlineMs} ms`)), deadlineMs);
    deadline.unref();
    for (const part of started.toReversed()) {
      try {
        await part.drain(force.signal);
      } catch (error) {
        // One part that cannot end in order must not keep the others from it.
        log.error({ err: error, part: part.name }, "drain.failed");
      }
    }
    clearTimeout(deadline);
  };

  return {
    start: async () => {
      for (const part of parts) {
        started.push(part);
        try {
          await part.start?.();
        } catch (error) {
          await drainAll();
          throw error;
        }
      }
    },
    stop: () => {
      if (stopping) force.abort(new Error("asked to end a second time"));
      stopping ??= drainAll();
      return stopping;
    },
  };
};

/** SIGTERM and SIGINT call `stop`: the first drains, the second forces. Answers with a function that takes it back. */
export const onSignals = (stop: (signal: NodeJS.Signals) => void): (() => void) => {
  const signals: NodeJS.Signals[] = ["SIGTERM", "SIGINT"];
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
};
