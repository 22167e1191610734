import { Redis } from "ioredis";
import type { Logger } from "./logger.ts";

const everyMs = 10_000;

/**
 * A connection as BullMQ and our scripts need it: commands wait through an outage of Redis instead of failing, and a
 * primary that became a replica is left for the new primary. Connects at once; trouble is logged at most every 10 s.
 */
export const connectRedis = (url: string, log: Logger): Redis => {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)),
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
  });
  let silentUntil = 0;
  redis.on("error", (error: Error) => {
    if (Date.now() < silentUntil) return;
    silentUntil = Date.now() + everyMs;
    log.warn({ err: error }, "redis.unreachable");
  });
  redis.on("ready", () => {
    if (silentUntil > 0) log.info("redis.reachable");
    silentUntil = 0;
  });
  return redis;
};

/** What of Redis' settings puts events at risk; empty when all is well. Settings that cannot be read are not judged. */
export const unsafeSettings = async (redis: Redis): Promise<string[]> => {
  const faults: string[] = [];
  const version = /^redis_version:(\d+)/m.exec(await redis.info("server"))?.[1];
  if (version !== undefined && Number(version) < 7) faults.push(`version ${version}.x; version 7 or newer is needed`);
  const memory = await redis.info("memory");
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  if (policy !== undefined && policy !== "noeviction")
    faults.push(`maxmemory-policy is ${policy}: Redis may throw events away; set it to noeviction`);
  if (/^aof_enabled:0/m.test(await redis.info("persistence")))
    faults.push("the append-only file is off: a restart of Redis loses events; set appendonly to yes");
  return faults;
};
