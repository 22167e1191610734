import type { Redis } from "ioredis";
import { setTimeout as delay } from "node:timers/promises";
import { keyPrefix } from "../core/keys.ts";
import type { Logger } from "./logger.ts";

/** How Redis says "not now", or that an operator has to do something first. */
const refusals =
  /^(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|WRONGPASS|NOPERM|ERR max number of clients|ERR The user executing the script|ERR ACL failure in script:) /;
/** What ioredis says of commands that the end of a connection cut off: all of them, or the rest of a pipeline. */
const cutOff = /^(Connection is closed|Command aborted due to connection close)/;

/**
 * True for what passes by itself, or by an operator's hand, and is no fault of the job in hand. Lost connections are
 * not among them: commands wait through those (see connectRedis), so such an error is another server's.
 */
export const isRedisTrouble = (error: unknown): boolean =>
  error instanceof Error && (refusals.test(error.message) || cutOff.test(error.message) || isRedisTrouble(error.cause));

const ofCluster = /^(CLUSTERDOWN|CROSSSLOT|MOVED|ASK|ERR Script attempted to access a non local key) /;

/** How a node of a Redis Cluster says that our keys are not all its own, which does not pass. */
export const isClusterRefusal = (error: unknown): error is Error =>
  error instanceof Error && (ofCluster.test(error.message) || isClusterRefusal(error.cause));

/** True for all that Redis refuses for a reason of its own, whether or not it is to be waited for: no bug of ours. */
export const isRedisRefusal = (error: unknown): error is Error => isRedisTrouble(error) || isClusterRefusal(error);

const firstWaitMs = 200;
const longestWaitMs = 2_000;

/** Who waits for Redis, for how long at most, and who is told. */
interface Waiter {
  redis: Redis;
  log: Logger;
  signal: AbortSignal;
}

/** Asks Redis to write until it does: first after 0.2 s, at last every 2 s. Rejects when the signal aborts. */
export const waitUntilWritable = async ({ redis, log, signal }: Waiter): Promise<void> => {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
    await delay(waitMs, undefined, { signal });
    try {
      await unlessAborted(signal, redis.set(`${keyPrefix}:writable`, "1", "EX", 60));
      return;
    } catch (error) {
      if (signal.aborted || !isRedisTrouble(error)) throw error;
      logTrouble(log, error);
    }
  }
};

/** A command may wait for ever while Redis is away; whoever waits for it need not. */
export const unlessAborted = async <T>(signal: AbortSignal, command: Promise<T>): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([command, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    command.catch(() => undefined);
  }
};

/** Does it again, as often as needed, each time that Redis can be written again. Only for what may be repeated. */
export const throughTrouble = async <T>(waiter: Waiter, action: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (waiter.signal.aborted || !isRedisTrouble(error)) throw error;
      logTrouble(waiter.log, error);
      await waitUntilWritable(waiter);
    }
  }
};

const logEveryMs = 10_000;
let silentUntilMs = 0;

/** At most one line in 10 s, whoever in this process meets the trouble: it is the same one for all of them. */
export const logTrouble = (log: Logger, error: unknown): void => {
  if (performance.now() < silentUntilMs) return;
  silentUntilMs = performance.now() + logEveryMs;
  log.warn({ err: error }, "redis.trouble");
};
