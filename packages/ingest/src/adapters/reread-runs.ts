import { rereadRunsKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";

/** As long as the files of a re-reading are known (reread-ledger.ts). */
const keptMs = 30 * 86_400_000;
const mostRuns = 100;

/** Notes that a re-reading goes on whose ids are remembered apart, so that what became of its events can be found. */
export const noteRun = async (redis: Redis, workspace: string, run: string, nowMs = Date.now()): Promise<void> => {
  const key = rereadRunsKey(workspace);
  // No transaction: what Redis refuses it is to say in its own words.
  await Promise.all([
    redis.zadd(key, nowMs, run),
    redis.zremrangebyscore(key, "-inf", nowMs - keptMs),
    redis.zremrangebyrank(key, 0, -mostRuns - 1),
    redis.pexpire(key, keptMs),
  ]);
};

/** The one that was begun, or gone on with, last comes first. */
export const lastRuns = (redis: Redis, workspace: string): Promise<string[]> =>
  redis.zrevrange(rereadRunsKey(workspace), 0, -1);
