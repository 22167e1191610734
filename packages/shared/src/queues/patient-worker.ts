import { setTimeout as delay } from "node:timers/promises";
import { type Job, type Processor, Worker, type WorkerOptions } from "bullmq";
import type { Redis } from "ioredis";
import { type SharedBackend, sharedBackends } from "./shared-backends.ts";

const firstPauseMs = 100;
const longestPauseMs = 2_000;

type Completed<Data, Result> = Parameters<Worker<Data, Result>["handleCompleted"]>;
type Failed<Data, Result> = Parameters<Worker<Data, Result>["handleFailed"]>;

/**
 * BullMQ's worker, patient with a Redis that refuses. A class, because BullMQ calls these two of its own methods, and
 * only there can a refusal be met before it turns into a busy loop, or into a job that is done but not recorded.
 */
export class PatientWorker<Data, Result> extends Worker<Data, Result, string, SharedBackend> {
  readonly #again: <T>(action: () => Promise<T>) => Promise<T>;
  readonly #closing = new AbortController();
  #refusals = 0;
  #answeredMs = performance.now();

  /** @param again repeats an action that Redis refuses until it does not, or throws when it is not to wait any longer. */
  constructor(
    name: string,
    processor: Processor<Data, Result>,
    { connection, ...options }: Omit<WorkerOptions, "connection"> & { connection: Redis },
    again: <T>(action: () => Promise<T>) => Promise<T>,
  ) {
    super(name, processor, { ...options, connection, autorun: false }, sharedBackends(connection));
    this.#again = again;
    this.once("closing", () => this.#closing.abort());
  }

  /** How long ago Redis last answered when asked for work, with a job or without. It is asked every few seconds. */
  get unansweredMs(): number {
    return Math.min(performance.now() - this.#answeredMs, this.backend.unansweredMs ?? Number.POSITIVE_INFINITY);
  }

  /** BullMQ asks again at once, thousands of times a second, when an idle worker's question is refused. */
  protected override async moveToActive(token: string, name?: string): Promise<Job<Data, Result>> {
    try {
      const job = await super.moveToActive(token, name);
      this.#refusals = 0;
      this.#answeredMs = performance.now();
      return job;
    } catch (error) {
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, this.#refusals++));
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      throw error;
    }
  }

  /** BullMQ gives up a job whose end Redis refuses to record: it would stall, and all of it be done again. */
  protected override handleCompleted(...end: Completed<Data, Result>): Promise<Job<Data, Result>> {
    return this.#again(() => super.handleCompleted(...end));
  }

  protected override handleFailed(...end: Failed<Data, Result>): Promise<Job<Data, Result>> {
    return this.#again(() => super.handleFailed(...end));
  }

  /** Ends without waiting for Redis: what could not be given back stalls, and is taken over by another worker. */
  abandon(): void {
    // Renewed for ever otherwise, for a job that heeds no signal.
    this.lockManager.close().catch(() => undefined);
    this.backend.close().catch(() => undefined);
  }
}
