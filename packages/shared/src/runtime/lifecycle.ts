import type { Logger } from "./logger.ts";

/** One thing that runs. Parts start in order and drain in reverse. */
export interface Part {
  name: string;
  start?(): Promise<void> | void;
  /**
   * Stops accepting, finishes what is in hand, closes. `force` aborted: gives back what is in hand and ends at once.
   * Called once, and only if `start` was; that may still be under way, or have failed half-way.
   */
  drain(force: AbortSignal): Promise<void> | void;
}

export interface Lifecycle {
  /** Rejects with the first error, when what had started has ended again. Resolves early when it was asked to stop. */
  start(): Promise<void>;
  /** Drains every part, last one first; the second call (or the deadline) forces. Resolves when all have ended. */
  stop(): Promise<void>;
}

/** How long a drain may take before jobs in hand are given back. */
export const drainDeadlineMs = 25_000;
/**
 * How long one part may take then: a request to Segment that is under way may end (10 s by default), but a part that
 * hangs must not keep the process from ending.
 */
export const forcedPartMs = 15_000;

export const createLifecycle = (
  parts: readonly Part[],
  log: Logger,
  { deadlineMs = drainDeadlineMs, forcedMs = forcedPartMs } = {},
): Lifecycle => {
  const started: Part[] = [];
  const force = new AbortController();
  let stopping: Promise<void> | undefined;

  const drainAll = async () => {
    const deadline = setTimeout(() => force.abort(new Error(`not drained within ${deadlineMs} ms`)), deadlineMs);
    for (const part of started.toReversed()) {
      try {
        await drainInTime(part, force.signal, forcedMs);
      } catch (error) {
        // One part that cannot end in order must not keep the others from it.
        log.error({ err: error, part: part.name }, "drain.failed");
      }
    }
    clearTimeout(deadline);
  };

  const startAll = async () => {
    for (const part of parts) {
      if (stopping) return;
      started.push(part);
      await part.start?.();
    }
  };

  return {
    start: async () => {
      try {
        await startAll();
      } catch (error) {
        // Asked to stop while it started: what fails then, fails because of that.
        if (stopping) return stopping;
        stopping = drainAll();
        await stopping;
        throw error;
      }
    },
    stop: () => {
      if (stopping) force.abort(new Error("asked to end a second time"));
      stopping ??= drainAll();
      return stopping;
    },
  };
};

const drainInTime = async (part: Part, force: AbortSignal, forcedMs: number): Promise<void> => {
  const tooLate = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onForce = () => {
    timer = setTimeout(() => tooLate.reject(new Error(`did not end within ${forcedMs} ms`)), forcedMs);
  };
  if (force.aborted) onForce();
  force.addEventListener("abort", onForce);
  try {
    await Promise.race([part.drain(force), tooLate.promise]);
  } finally {
    force.removeEventListener("abort", onForce);
    clearTimeout(timer);
  }
};

/** Resolves when the work is done, or when `force` aborts: from then on nobody waits for it. */
export const unlessForced = async (force: AbortSignal, work: Promise<unknown>): Promise<void> => {
  const forced = Promise.withResolvers<void>();
  const onForce = () => forced.resolve();
  if (force.aborted) onForce();
  force.addEventListener("abort", onForce);
  try {
    await Promise.race([work, forced.promise]);
  } finally {
    force.removeEventListener("abort", onForce);
  }
};

/** SIGTERM and SIGINT call `stop`: the first drains, the second forces. Answers with a function that takes it back. */
export const onSignals = (stop: (signal: NodeJS.Signals) => void): (() => void) => {
  const signals: NodeJS.Signals[] = ["SIGTERM", "SIGINT"];
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
};
