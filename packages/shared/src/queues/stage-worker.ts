import { setTimeout as delay } from "node:timers/promises";
import { DelayedError, type Job, type Processor, WaitingError } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { HoldReason, QuarantineReason } from "../contracts/reasons.ts";
import type { Tally } from "../contracts/tally.ts";
import { DamagedPayload } from "../core/damaged-payload.ts";
import type { JobId } from "../core/ids.ts";
import { keyPrefix, queueName } from "../core/keys.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Logger } from "../runtime/logger.ts";
import { unlessForced } from "../runtime/lifecycle.ts";
import { luaScript } from "../runtime/lua-script.ts";
import { throughTrouble } from "../runtime/redis-trouble.ts";
import type { Hands } from "./hands.ts";
import { type JobEnd, moved } from "./job-end.ts";
import { type JobProgress, jobProgress } from "./job-progress.ts";
import { jobsInHand } from "./jobs-in-hand.ts";
import { PatientWorker } from "./patient-worker.ts";
import { enterAsSuspect } from "./suspects.ts";
import { failureLog, unquoted, workerLog } from "./worker-log.ts";

const pauseScript = luaScript(new URL("./pause.lua", import.meta.url));

/** One job as a stage sees it. */
export interface Item<Data> {
  id: JobId;
  data: Data;
  /** How long ago it was added. */
  ageMs: number;
  /** How often it was begun, this time included. */
  runs: number;
  /** Aborted when the job is no longer ours: the worker must end, or its lock was lost. Nothing may be sent then. */
  signal: AbortSignal;
  /** What {@link Item.saveProgress} stored last, by whichever worker had the job then. */
  readonly progress: unknown;
  /** Stores where a later run can go on; also proves progress, so that stalls before it do not count as poison. */
  saveProgress: (value: object) => Promise<void>;
}

export interface StageWorkerOptions<Data> {
  workspace: string;
  kind: QueueKind;
  redis: Redis;
  log: Logger;
  concurrency: number;
  /** Shared with the workers of other workspaces; left out: none is. */
  hands?: Hands;
  /** What `retry` waits for: this job alone, or (deliver) every job of the workspace, in order. */
  retryWaitsFor: "job" | "queue";
  /** Comes before every run. For queues whose jobs bring no payload: a note in the spool, so that the sweeper sees them. */
  enter?: (item: Pick<Item<Data>, "id" | "data">) => Promise<void>;
  handle: (item: Item<Data>) => Promise<Outcome<JobEnd>>;
  /**
   * What `hold` does with the job. "moved": it lies elsewhere now, so it ends here without being counted, and leaves
   * nothing behind. Otherwise it goes back to the head of its queue, which waits for so long; no attempt is used.
   */
  onHold?: (item: Item<Data>, reason: HoldReason) => Promise<typeof moved | { waitMs: number }>;
  /** Asked before a job waits, or is set aside: it need not if it was moved, or counted in another queue. */
  hasLeft?: (id: JobId) => Promise<boolean>;
  /** Sets the whole job aside; resolves when that is stored. */
  setAside: (item: Item<Data>, reason: QuarantineReason, cause: Error) => Promise<Tally>;
  /** After BullMQ has recorded the end. A crash before it is what the sweeper is for. */
  settle: (id: JobId, tally: Tally) => Promise<unknown>;
  /** After a job that was "moved" is gone, so that one of its id may be added. Not called after a crash. */
  afterMoved?: (item: Pick<Item<Data>, "id" | "data">) => Promise<void>;
  /** For tests that cannot wait so long. */
  timing?: Partial<StageTiming>;
}

export interface StageWorker {
  name: string;
  /** Stops taking jobs and waits for those in hand; `force` aborted: gives them back instead, and ends in any case. */
  drain: (force: AbortSignal) => Promise<void>;
  /** False while the loop that fetches jobs has ended, or has had no answer for long. */
  isRunning: () => boolean;
}

export interface StageTiming {
  /** A killed worker's jobs are taken over within the lock's time and two of these checks. */
  lockMs: number;
  stallCheckMs: number;
  /** A job that was this long in hand has not ended its worker by being run. */
  survivalMs: number;
  /** A worker without work whose questions have had no answer for so long is wedged. */
  wedgedAfterMs: number;
  /** How long a forced drain waits for jobs to be given back. */
  giveBackMs: number;
}

const usualTiming: StageTiming = {
  lockMs: 10_000,
  stallCheckMs: 2_500,
  survivalMs: 2_000,
  wedgedAfterMs: 30_000,
  giveBackMs: 3_000,
};

/** A job that ends its worker this often without progress in between is poison. */
const maxStalls = 5;
/** From then on it runs alone. */
const suspectStalls = 2;
/** A job that throws this often is poison. */
export const maxAttempts = 10;
/** BullMQ fails for good what stalled, or failed, too often, the former without running it. Poison is ours to judge. */
export const noLimit = 1_000_000_000;
const longestBackoffMs = 60_000;
const suspectWaitMs = 1_000;
const longestPauseMs = 30_000;
/** Before a suspect runs, so that others that were fetched along with it have been given back when it ends its worker. */
const suspectPauseMs = 100;
/** A new job wakes an idle worker at once, and a sign that was lost is noticed by the look after all queues. */
const idleAskSeconds = 60;
/** How long a forced drain waits where no job is in hand: for the record of one that has just ended. */
const giveBackOfNoneMs = 1_000;

/** Hash: BullMQ's settings of a queue. */
const metaKey = (kind: QueueKind, workspace: string): string => `${keyPrefix}:${queueName(kind, workspace)}:meta`;
/** String with an expiry: how many jobs BullMQ has taken in this period. */
const limiterKey = (kind: QueueKind, workspace: string): string => `${keyPrefix}:${queueName(kind, workspace)}:limiter`;

/** What all runs of a worker share. */
interface Working<Data> extends StageWorkerOptions<Data> {
  timing: StageTiming;
  /** Aborted when nothing more is waited for. */
  signal: AbortSignal;
  say: (error: unknown) => void;
}

/** The worker of one queue: turns outcomes into BullMQ's ends. BullMQ's control-flow errors live here and nowhere else. */
export const startStageWorker = <Data>(options: StageWorkerOptions<Data>): StageWorker => {
  const timing = { ...usualTiming, ...options.timing };
  const giveUp = new AbortController();
  const working: Working<Data> = { ...options, timing, signal: giveUp.signal, say: workerLog(options.log) };
  const inHand = jobsInHand(timing.lockMs);
  const settling = new Set<Promise<void>>();

  const worker = openWorker(working, async (job, token = "") => {
    const run = inHand.begin(String(job.id));
    try {
      const end = await runJob(working, { job, token, signal: run.signal });
      // No tombstone: the job of its id in the other queue, waiting or done, is in the way of all that comes late.
      if (end === moved) job.opts.removeOnComplete = true;
      return end;
    } finally {
      run.end();
    }
  });
  worker.on("completed", (job, end) => {
    const done = settleDone(working, job, end).finally(() => settling.delete(done));
    settling.add(done);
  });
  worker.on("locksRenewed", ({ jobIds }) => inHand.renewed(jobIds));
  worker.on("lockRenewalFailed", inHand.lost);
  worker.on("stalled", (job) =>
    options.log.warn({ job }, "job.taken-over: its worker was killed, or hung; it runs again"),
  );
  const sayFailed = failureLog(options.log);
  worker.on("failed", (job, err) => sayFailed({ job: job?.id, attempts: job?.attemptsMade ?? 0, err }));
  worker.on("error", working.say);
  worker.run().catch(working.say);

  return {
    name: `${options.kind} ${options.workspace}`,
    isRunning: () => worker.isRunning() && (!inHand.isEmpty() || worker.unansweredMs < timing.wedgedAfterMs),
    drain: async (force) => {
      const closed = worker.close().then(() => Promise.all(settling));
      await unlessForced(force, closed);
      if (!force.aborted) return;
      inHand.abortAll(new Error("the worker is ending"));
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), inHand.isEmpty() ? giveBackOfNoneMs : timing.giveBackMs);
      await unlessForced(patience.signal, closed);
      clearTimeout(timer);
      // Without Redis nothing can be given back: those jobs stall, and other workers take them over.
      giveUp.abort(new Error("the worker has ended"));
      worker.abandon();
    },
  };
};

const openWorker = <Data>(
  { kind, workspace, redis, concurrency, hands, timing, log, signal }: Working<Data>,
  processor: Processor<Data, JobEnd>,
): PatientWorker<Data, JobEnd> =>
  new PatientWorker<Data, JobEnd>(
    queueName(kind, workspace),
    processor,
    {
      connection: redis,
      kind,
      prefix: keyPrefix,
      concurrency,
      hands,
      drainDelay: idleAskSeconds,
      lockDuration: timing.lockMs,
      stalledInterval: timing.stallCheckMs,
      maxStalledCount: noLimit,
      // A pause that was cut short, or made by a clock that was changed, is noticed after this.
      maximumRateLimitDelay: 1_000,
      settings: { backoffStrategy: (attempts) => Math.min(longestBackoffMs, 1_000 * 2 ** attempts) },
    },
    (action) => throughTrouble({ redis, log, signal }, action),
  );

const settleDone = async <Data>(working: Working<Data>, job: Job<Data>, end: JobEnd): Promise<void> => {
  const id = job.id as JobId; // made by core/ids.ts when the job was added
  try {
    await throughTrouble(working, async () =>
      end === moved ? working.afterMoved?.({ id, data: job.data }) : working.settle(id, end),
    );
  } catch (error) {
    working.log.warn({ err: error, job: job.id }, "settle.postponed: the sweeper will do it");
  }
};

interface Run<Data> {
  job: Job<Data, JobEnd>;
  token: string;
  signal: AbortSignal;
}

const runJob = async <Data>(working: Working<Data>, run: Run<Data>): Promise<JobEnd> => {
  const progress = jobProgress(run.job);
  const isSuspect = progress.stalls >= suspectStalls;
  const leave = isSuspect ? enterAsSuspect() : () => undefined;
  if (!leave) return giveBack(working, run, suspectWaitMs * (1 + Math.random()));
  const survived = () => void progress.survive().catch(working.say);
  const survival = progress.stalls > 0 ? setTimeout(survived, working.timing.survivalMs) : undefined;
  try {
    if (isSuspect) await delay(suspectPauseMs);
    return await endOf(working, run, progress);
  } finally {
    clearTimeout(survival);
    leave();
  }
};

const endOf = async <Data>(working: Working<Data>, run: Run<Data>, progress: JobProgress): Promise<JobEnd> => {
  const item = itemOf(run, progress);
  const again = <T>(action: () => Promise<T>): Promise<T> =>
    throughTrouble({ redis: working.redis, log: working.log, signal: run.signal }, action);
  const poisoned = (cause: Error) => {
    const err = unquoted(cause.cause instanceof Error ? cause.cause : cause);
    working.log.error({ job: item.id, err }, "job.poison: it goes to quarantine as a whole");
    return again(() => setAsideUnlessLeft(working, item, { reason: "poison", cause }));
  };
  try {
    if (!(await again(() => isOurs(working, run)))) throw new WaitingError();
    await again(async () => working.enter?.(item));
    if (progress.stalls >= maxStalls)
      return await poisoned(new Error(`the job ended or stalled its worker ${progress.stalls} times`));
    const outcome = await again(() => working.handle(item));
    return await again(() => finish(working, run, { item, outcome }));
  } catch (error) {
    if (error instanceof DelayedError || error instanceof WaitingError) throw error;
    if (run.signal.aborted) return giveBack(working, run);
    if (run.job.attemptsMade + 1 < maxAttempts) throw error;
    // Others could quote what they could not read.
    const why = error instanceof DamagedPayload ? `: ${error.message}` : "";
    return poisoned(new Error(`failed ${maxAttempts} times${why}`, { cause: error }));
  }
};

/** A job that was long on its way to us (Redis away, this process stopped) may be another worker's by now. */
const isOurs = async <Data>({ timing }: Working<Data>, { job, token }: Run<Data>): Promise<boolean> =>
  Date.now() - (job.processedOn ?? 0) < timing.lockMs / 2 || (await job.extendLock(token, timing.lockMs)) === 1;

/** May be repeated when Redis refuses a part of it. */
const finish = async <Data>(
  working: Working<Data>,
  run: Run<Data>,
  { item, outcome }: { item: Item<Data>; outcome: Outcome<JobEnd> },
): Promise<JobEnd> => {
  switch (outcome.kind) {
    case "ok":
      return outcome.value;
    case "quarantine":
      return setAsideUnlessLeft(working, item, outcome);
    case "drop":
      throw new Error(`a whole job cannot be dropped (${outcome.reason}): its events are counted one by one`);
    case "hold": {
      if (!working.onHold) throw new Error(`this stage does not hold (${outcome.reason})`);
      const held = await working.onHold(item, outcome.reason);
      return held === moved ? moved : waitWithQueue(working, run, held.waitMs);
    }
    case "retry":
      if (await working.hasLeft?.(item.id)) return moved;
      return working.retryWaitsFor === "queue"
        ? waitWithQueue(working, run, outcome.afterMs)
        : giveBack(working, run, outcome.afterMs);
  }
};

/** A job whose payload is missing because it was moved, or counted, in a run that was killed then, has nothing to set aside. */
const setAsideUnlessLeft = async <Data>(
  working: Working<Data>,
  item: Item<Data>,
  { reason, cause }: { reason: QuarantineReason; cause: Error },
): Promise<JobEnd> => ((await working.hasLeft?.(item.id)) ? moved : working.setAside(item, reason, cause));

/**
 * Back to the head of its queue, and nobody takes any job of it for so long; a longer wait is asked for again, as what it
 * is for may have changed (another rate, another endpoint).
 */
const waitWithQueue = async <Data>(working: Working<Data>, run: Run<Data>, waitMs: number): Promise<never> => {
  const { redis, kind, workspace } = working;
  const pauseMs = Math.min(wholeMs(waitMs), longestPauseMs);
  await pauseScript(redis, [metaKey(kind, workspace), limiterKey(kind, workspace)], [pauseMs, noLimit]);
  return giveBack(working, run);
};

/** Ends a run, but not its job; no attempt is used. Without `waitMs` the job goes to the head of its queue. */
const giveBack = async <Data>(working: Working<Data>, { job, token }: Run<Data>, waitMs?: number): Promise<never> => {
  try {
    await throughTrouble(working, async () => {
      if (waitMs === undefined) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + wholeMs(waitMs), token);
    });
  } catch (error) {
    // The lock was lost, so it is another's; or nothing more is waited for, and it stalls. Either way it is run again.
    working.say(error);
  }
  throw waitMs === undefined ? new WaitingError() : new DelayedError();
};

const wholeMs = (ms: number): number => Math.max(1, Math.ceil(ms));

const itemOf = <Data>({ job, signal }: Run<Data>, progress: JobProgress): Item<Data> => ({
  id: job.id as JobId, // made by core/ids.ts when the job was added
  data: job.data,
  ageMs: Date.now() - job.timestamp,
  runs: job.attemptsStarted,
  signal,
  get progress() {
    return progress.value;
  },
  saveProgress: progress.save,
});
