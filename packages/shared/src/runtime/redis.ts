import { Redis } from "ioredis";
import type { Logger } from "./logger.ts";

const logEveryMs = 10_000;
const reconnectEveryMs = 1_000;

/**
 * A connection as BullMQ and our scripts need it: commands wait through an outage of Redis instead of failing, and a
 * primary that became a replica is left for the new primary. Connects at once; trouble is logged at most every 10 s.
 */
export const connectRedis = (url: string, log: Logger): Redis => {
  // Throws on what is no URL: ioredis would take it for a path, or go to its default server.
  const { href } = new URL(url);
  const redis = new Redis(href, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)),
    reconnectOnError: leavingReplicas(),
  });
  let silentUntilMs = 0;
  redis.on("error", (error: Error) => {
    if (Date.now() < silentUntilMs) return;
    silentUntilMs = Date.now() + logEveryMs;
    log.warn({ err: error }, "redis.unreachable");
  });
  redis.on("ready", () => {
    if (silentUntilMs > 0) log.info("redis.reachable");
    silentUntilMs = 0;
  });
  return redis;
};

/**
 * On READONLY: connect again (the address may lead to the new primary by now) and send the command again. At most once
 * a second: while there is no other primary the command fails, and its sender waits.
 */
const leavingReplicas = () => {
  const reconnectAndSendAgain = 2;
  let notBeforeMs = 0;
  return (error: Error): typeof reconnectAndSendAgain | false => {
    if (!error.message.includes("READONLY ") || performance.now() < notBeforeMs) return false;
    notBeforeMs = performance.now() + reconnectEveryMs;
    return reconnectAndSendAgain;
  };
};

/** What of Redis' settings puts events at risk; empty when all is well. Settings that cannot be read are not judged. */
export const unsafeSettings = async (redis: Redis): Promise<string[]> => {
  const info = await redis.info();
  const setting = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
  const faults: string[] = [];
  const version = setting("redis_version");
  if (version !== undefined && Number.parseInt(version, 10) < 7)
    faults.push(`version ${version}; version 7 or newer is needed`);
  const policy = setting("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction")
    faults.push(`maxmemory-policy is ${policy}: Redis may throw events away; set it to noeviction`);
  if (setting("aof_enabled") === "0")
    faults.push("the append-only file is off: a restart of Redis loses events; set appendonly to yes");
  return faults;
};
