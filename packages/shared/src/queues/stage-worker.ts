import { DelayedError, type Job, type Queue, RateLimitError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { QuarantineReason } from "../contracts/reasons.ts";
import type { Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { keyPrefix, queueName } from "../core/keys.ts";
import type { Outcome } from "../core/outcome.ts";
import { isRedisTrouble, waitUntilWritable } from "../runtime/redis-trouble.ts";
import type { Logger } from "../runtime/logger.ts";

/** One job as a stage sees it. */
export interface Item<Data> {
  id: JobId;
  data: Data;
  /** Aborted when the job is no longer ours: the worker must end, or its lock was lost. Nothing may be sent then. */
  signal: AbortSignal;
  /** What {@link Item.saveProgress} stored last, by whichever worker had the job then. */
  progress: unknown;
  /** Stores where a later run can go on; also proves progress, so that stalls before it do not count as poison. */
  saveProgress: (value: object) => Promise<void>;
}

export interface StageWorkerOptions<Data> {
  workspace: string;
  kind: QueueKind;
  redis: Redis;
  queue: Queue;
  log: Logger;
  concurrency: number;
  /** What `retry` waits for: this job alone, or (deliver) every job of the workspace, in order. */
  retryWaitsFor: "job" | "queue";
  handle: (item: Item<Data>) => Promise<Outcome<Tally>>;
  /** Sets the whole job aside; resolves when that is stored. */
  setAside: (item: Item<Data>, reason: QuarantineReason, cause: Error) => Promise<Tally>;
  /** After BullMQ has recorded the end. A crash before it is what the sweeper is for. */
  settle: (id: JobId, tally: Tally) => Promise<void>;
}

export interface StageWorker {
  name: string;
  /** Stops taking jobs and waits for those in hand; `force` aborted: gives them back instead. */
  drain: (force: AbortSignal) => Promise<void>;
  /** False while the loop that fetches jobs is not running. */
  isRunning: () => boolean;
}

/** A killed worker's jobs are taken over within lock + stall check. */
const lockMs = 20_000;
const stallCheckMs = 5_000;
/** A job that ends its worker this often without progress in between is poison. */
const maxStalls = 5;
/** A job that throws this often is poison. */
export const maxAttempts = 10;

interface StoredProgress {
  stalls: number;
  value: object;
}

/** The worker of one queue: turns outcomes into BullMQ's ends. BullMQ's control-flow errors live here and nowhere else. */
export const startStageWorker = <Data>(options: StageWorkerOptions<Data>): StageWorker => {
  const { kind, workspace } = options;
  const inHand = new Map<string, AbortController>();
  const settling = new Set<Promise<void>>();

  const worker: Worker<Data, Tally> = new Worker<Data, Tally>(
    queueName(kind, workspace),
    async (job, token) => {
      const aborter = new AbortController();
      inHand.set(String(job.id), aborter);
      try {
        return await runJob(options, { job, token: token ?? "", signal: aborter.signal });
      } finally {
        inHand.delete(String(job.id));
      }
    },
    {
      connection: options.redis,
      prefix: keyPrefix,
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: stallCheckMs,
      // BullMQ fails a job that stalled more often without running it: poison is ours to judge (runJob).
      maxStalledCount: 1_000_000,
      maximumRateLimitDelay: 1_000,
      settings: { backoffStrategy: (attempts) => Math.min(60_000, 1_000 * 2 ** attempts) },
    },
  );

  worker.on("completed", (job, tally) => {
    const done = settleDone(options, job, tally).finally(() => settling.delete(done));
    settling.add(done);
  });
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) inHand.get(id)?.abort(new Error("the job's lock was lost"));
  });
  worker.on("error", (error) => onWorkerError(worker, options, error));

  return {
    name: `${kind} ${workspace}`,
    isRunning: () => worker.isRunning() || worker.isPaused(),
    drain: async (force) => {
      const giveBack = () => {
        for (const aborter of inHand.values()) aborter.abort(new Error("the worker is ending"));
      };
      if (force.aborted) giveBack();
      force.addEventListener("abort", giveBack, { once: true });
      await worker.close();
      force.removeEventListener("abort", giveBack);
      await Promise.all(settling);
    },
  };
};

const settleDone = async <Data>({ settle, log }: StageWorkerOptions<Data>, job: Job, tally: Tally): Promise<void> => {
  try {
    await settle(job.id as JobId, tally); // made by core/ids.ts when the job was added
  } catch (error) {
    log.warn({ err: error, job: job.id }, "settle.postponed: the sweeper will do it");
  }
};

interface Run<Data> {
  job: Job<Data, Tally>;
  token: string;
  signal: AbortSignal;
}

const runJob = async <Data>(options: StageWorkerOptions<Data>, run: Run<Data>): Promise<Tally> => {
  const item = itemOf(run);
  const stalls = run.job.stalledCounter - (storedProgress(run.job)?.stalls ?? 0);
  if (stalls >= maxStalls)
    return options.setAside(item, "poison", new Error(`the job ended or stalled its worker ${stalls} times`));
  try {
    return await finish(options, run, item, await handleThroughTrouble(options, item));
  } catch (error) {
    if (error instanceof DelayedError || error instanceof RateLimitError || error instanceof WaitingError) throw error;
    if (item.signal.aborted) {
      await run.job.moveToWait(run.token);
      throw new WaitingError();
    }
    if (run.job.attemptsMade + 1 < maxAttempts) throw error;
    return options.setAside(item, "poison", new Error(`failed ${maxAttempts} times`, { cause: error }));
  }
};

/** Redis out of memory, loading or read-only is nobody's fault but the moment's: wait here, and do it again. */
const handleThroughTrouble = async <Data>(
  options: StageWorkerOptions<Data>,
  item: Item<Data>,
): Promise<Outcome<Tally>> => {
  for (;;) {
    try {
      return await options.handle(item);
    } catch (error) {
      if (!isRedisTrouble(error) || item.signal.aborted) throw error;
      options.log.warn({ err: error, job: item.id }, "redis.trouble");
      await waitUntilWritable(options.redis, item.signal);
    }
  }
};

const finish = async <Data>(
  options: StageWorkerOptions<Data>,
  run: Run<Data>,
  item: Item<Data>,
  outcome: Outcome<Tally>,
): Promise<Tally> => {
  switch (outcome.kind) {
    case "ok":
      return outcome.value;
    case "quarantine":
      return options.setAside(item, outcome.reason, outcome.cause);
    case "drop":
      throw new Error(`a whole job cannot be dropped (${outcome.reason}): its events are counted one by one`);
    case "hold":
      throw new Error(`only deliver holds, through its own port (${outcome.reason})`);
    case "retry":
      if (options.retryWaitsFor === "queue") {
        await options.queue.rateLimit(outcome.afterMs);
        throw new RateLimitError();
      }
      await run.job.moveToDelayed(Date.now() + outcome.afterMs, run.token);
      throw new DelayedError();
  }
};

const itemOf = <Data>({ job, signal }: Run<Data>): Item<Data> => ({
  id: job.id as JobId, // made by core/ids.ts when the job was added
  data: job.data,
  signal,
  progress: storedProgress(job)?.value,
  saveProgress: (value) => job.updateProgress({ stalls: job.stalledCounter, value } satisfies StoredProgress),
});

const storedProgress = (job: Job): StoredProgress | undefined =>
  // Written by saveProgress only; BullMQ's default for "none yet" is the number 0.
  typeof job.progress === "object" ? (job.progress as StoredProgress) : undefined;

/** An idle worker whose fetch is refused (out of memory, read-only) asks again at once, thousands of times a second. */
const onWorkerError = (
  worker: Worker,
  options: Pick<StageWorkerOptions<never>, "redis" | "log">,
  error: Error,
): void => {
  if (!isRedisTrouble(error)) {
    options.log.warn({ err: error }, "worker.error");
    return;
  }
  if (worker.isPaused() || worker.closing) return;
  options.log.warn({ err: error }, "worker.paused");
  void worker
    .pause(true)
    .then(() => waitUntilWritable(options.redis, AbortSignal.timeout(3_600_000)))
    .catch(() => undefined)
    .then(() => worker.resume())
    .then(() => options.log.info("worker.resumed"));
};
