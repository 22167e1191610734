import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import { keyPrefix, queueName } from "../core/keys.ts";
import type { Logger } from "../runtime/logger.ts";

export interface WedgeWatchOptions {
  redis: Redis;
  workspace: string;
  kind: QueueKind;
  worker: {
    /** Jobs in hand now. */
    inHand: () => number;
    /** Jobs taken since the worker started. */
    taken: () => number;
  };
  log: Pick<Logger, "error" | "info">;
  everyMs?: number;
}

export interface WedgeWatch {
  /** True while work waits that the worker does not fetch, though nothing keeps it from that. */
  isWedged: () => boolean;
  /** Looks once, now. */
  look: () => Promise<void>;
  stop: () => void;
}

/** A worker fetches within milliseconds; so many looks in a row without it are no accident. */
const looksUntilSure = 3;
/** BullMQ writes this number or more when the queue is to wait; smaller ones count the jobs of a second. */
const leastPauseMark = 1_000_000_000;

/**
 * Watches a worker from the outside: the loop that fetches jobs can hang (a connection that died without a word) while
 * the process looks alive. Only a restart helps then, so it makes the process unready.
 */
export const watchForWedge = (options: WedgeWatchOptions): WedgeWatch => {
  const { redis, workspace, kind, worker, log, everyMs = 10_000 } = options;
  const queue = `${keyPrefix}:${queueName(kind, workspace)}`;
  const stopped = new AbortController();
  let [idleLooks, takenBefore] = [0, worker.taken()];

  const look = async () => {
    const [waiting, limiter, paused] = await Promise.all([
      redis.llen(`${queue}:wait`),
      redis.get(`${queue}:limiter`),
      redis.hexists(`${queue}:meta`, "paused"),
    ]);
    const mayFetch = waiting > 0 && Number(limiter ?? 0) < leastPauseMark && paused === 0;
    const isIdle = worker.inHand() === 0 && worker.taken() === takenBefore;
    takenBefore = worker.taken();
    const wasWedged = isWedged();
    idleLooks = mayFetch && isIdle ? idleLooks + 1 : 0;
    if (isWedged() && !wasWedged) log.error({ workspace, kind, waiting }, "worker.wedged: it takes no jobs any more");
    if (wasWedged && !isWedged()) log.info({ workspace, kind }, "worker.unwedged");
  };
  const isWedged = () => idleLooks >= looksUntilSure;

  const watch = async () => {
    while (!stopped.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      // Redis that cannot be asked is told of elsewhere (/readyz writes to it).
      if (!stopped.signal.aborted) await look().catch(() => undefined);
    }
  };
  void watch();

  return { isWedged, look, stop: () => stopped.abort() };
};
