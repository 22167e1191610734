import { setTimeout as delay } from "node:timers/promises";
import { type Job, type Processor, Worker, type WorkerOptions } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import { type Hands, openHands } from "./hands.ts";
import { LocksInHand } from "./locks-in-hand.ts";
import { type SharedBackend, sharedBackends } from "./shared-backends.ts";

const firstPauseMs = 100;
const longestPauseMs = 2_000;

type Completed<Data, Result> = Parameters<Worker<Data, Result>["handleCompleted"]>;
type Failed<Data, Result> = Parameters<Worker<Data, Result>["handleFailed"]>;
type Run<Data, Result> = Parameters<Worker<Data, Result>["callProcessJob"]>;

interface PatientWorkerOptions extends Omit<WorkerOptions, "connection"> {
  connection: Redis;
  kind: QueueKind;
  /** Each job needs one, and a job is asked for with one free only. Left out: there are enough. */
  hands?: Hands | undefined;
}

/**
 * BullMQ's worker, patient with a Redis that refuses, and with the other workers of its process. A class, because BullMQ
 * calls these of its own methods, and only there can a refusal be met before it turns into a busy loop, or into a job
 * that is done but not recorded; and only there does a worker know whether to ask for another job.
 */
export class PatientWorker<Data, Result> extends Worker<Data, Result, string, SharedBackend> {
  readonly #again: <T>(action: () => Promise<T>) => Promise<T>;
  readonly #closing = new AbortController();
  readonly #hands: Hands;
  /** Fetched with a hand for each, and not yet begun. */
  readonly #fetched = new Set<Job<Data, Result>>();
  #inLine = 0;
  #refusals = 0;
  #answeredMs = performance.now();

  /** @param again repeats an action that Redis refuses until it does not, or throws when it is not to wait any longer. */
  constructor(
    name: string,
    processor: Processor<Data, Result>,
    { connection, kind, hands = openHands(Number.POSITIVE_INFINITY), ...options }: PatientWorkerOptions,
    again: <T>(action: () => Promise<T>) => Promise<T>,
  ) {
    super(name, processor, { ...options, connection, autorun: false }, sharedBackends(connection, kind));
    this.#again = again;
    this.#hands = hands;
    this.once("closing", () => this.#closing.abort());
  }

  /**
   * How long ago Redis last answered when asked for work, with a job or without. It is asked every few seconds, but not
   * while this worker waits for its turn: those whose turn it is answer for themselves.
   */
  get unansweredMs(): number {
    if (this.#inLine > 0) return 0;
    return Math.min(performance.now() - this.#answeredMs, this.backend.unansweredMs ?? Number.POSITIVE_INFINITY);
  }

  protected override createLockManager(): void {
    const { lockRenewTime = 0, lockDuration = 0 } = this.opts; // BullMQ has set both
    const worker = this as unknown as ConstructorParameters<typeof LocksInHand>[0]; // as BullMQ does, against its types
    this.lockManager = new LocksInHand(worker, { lockRenewTime, lockDuration, workerId: this.id });
  }

  /** BullMQ asks in each worker by itself whether jobs were left behind. */
  override startStalledCheckTimer(): Promise<void> {
    const giveBackStalled = async () => {
      try {
        for (const id of await this.backend.moveStalledJobsToWait()) this.emit("stalled", id, "active");
      } catch (error) {
        this.#say(error);
      }
    };
    const { stalledInterval = 0 } = this.opts; // BullMQ has set it
    this.backend.lookAfter({ giveBackStalled, say: (error) => this.#say(error) }, stalledInterval);
    return Promise.resolve();
  }

  #say(error: unknown): void {
    this.emit("error", error instanceof Error ? error : new Error(String(error)));
  }

  /** BullMQ asks again at once, thousands of times a second, when an idle worker's question is refused. */
  protected override async moveToActive(token: string, name?: string): Promise<Job<Data, Result>> {
    // BullMQ asks for one more with each job that it begins. Where that was the last, there is nothing but to wait.
    if (this.backend.takeEmptied()) return this.nextJobFromJobData();
    // BullMQ takes undefined for "no job", and its type does not say so.
    if (!(await this.#takeTurn())) return undefined as unknown as Job<Data, Result>;
    try {
      const job = await super.moveToActive(token, name);
      this.#refusals = 0;
      this.#answeredMs = performance.now();
      if (job) this.#fetched.add(job);
      else this.#hands.give();
      return job;
    } catch (error) {
      this.#hands.give();
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, this.#refusals++));
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      throw error;
    }
  }

  async #takeTurn(): Promise<boolean> {
    // BullMQ begins a job that it has fetched after it has asked for the next one: waiting here would be for ourselves.
    if (this.#fetched.size > 0) return this.#hands.takeNow();
    this.#inLine += 1;
    try {
      return await this.#hands.take(this.#closing.signal);
    } finally {
      this.#inLine -= 1;
    }
  }

  protected override async callProcessJob(...run: Run<Data, Result>): Promise<Result> {
    const [job] = run;
    // Those that came with the end of the one before have none yet.
    if (!this.#fetched.delete(job)) await this.#hands.take();
    try {
      return await super.callProcessJob(...run);
    } finally {
      this.#hands.give();
    }
  }

  /** BullMQ gives up a job whose end Redis refuses to record: it would stall, and all of it be done again. */
  protected override handleCompleted(...[result, job, token, fetchNext, span]: Completed<Data, Result>) {
    return this.#ended(() => super.handleCompleted(result, job, token, this.#mayFetch(fetchNext), span));
  }

  protected override handleFailed(...[error, job, token, fetchNext, span]: Failed<Data, Result>) {
    return this.#ended(() => super.handleFailed(error, job, token, this.#mayFetch(fetchNext), span));
  }

  async #ended<T>(record: () => Promise<T>): Promise<T> {
    // What waits is another matter now: the job may be back in its queue, whose pause BullMQ is to learn of.
    this.backend.takeEmptied();
    this.#answeredMs = performance.now(); // the job took its time, not Redis
    const next = await this.#again(record);
    this.#answeredMs = performance.now();
    return next;
  }

  /** With the end of a job comes the next one of its queue, unless it is another queue's turn. */
  #mayFetch(fetchNext = () => true): () => boolean {
    return () => this.#hands.spare() > 0 && fetchNext();
  }

  /** Ends without waiting for Redis: what could not be given back stalls, and is taken over by another worker. */
  abandon(): void {
    // Renewed for ever otherwise, for a job that heeds no signal.
    this.lockManager.close().catch(() => undefined);
    this.backend.close().catch(() => undefined);
  }
}
