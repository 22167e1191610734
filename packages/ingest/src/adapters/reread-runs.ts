import { rereadRunsKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";

/** As long as the files of a re-reading are known (reread-ledger.ts). */
const keptMs = 30 * 86_400_000;
const mostRuns = 100;

/** Notes that a re-reading goes on whose ids are remembered apart, so that what became of its events can be found. */
export const noteRun = async (redis: Redis, workspace: string, run: string, nowMs = Date.now()): Promise<void> => {
  const key = rereadRunsKey(workspace);
  await redis
    .multi()
    .zadd(key, nowMs, run)
    .zremrangebyscore(key, "-inf", nowMs - keptMs)
    .zremrangebyrank(key, 0, -mostRuns - 1)
    .pexpire(key, keptMs)
    .exec();
};

/** Those that were begun, or gone on with, since then (UNIX ms); the newest first. */
export const runsSince = (redis: Redis, workspace: string, sinceMs: number): Promise<string[]> =>
  redis.zrange(rereadRunsKey(workspace), "+inf", String(sinceMs), "BYSCORE", "REV");
