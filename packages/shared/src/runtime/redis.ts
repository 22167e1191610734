import { Redis } from "ioredis";
import { keyPrefix } from "../core/keys.ts";
import type { Logger } from "./logger.ts";
import { isRedisRefusal } from "./redis-trouble.ts";

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

const settingsOf = async (redis: Redis) => {
  const info = await redis.info();
  return (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
};

/** What of Redis' settings puts events at risk; empty when all is well. Settings that cannot be read are not judged. */
export const unsafeSettings = async (redis: Redis): Promise<string[]> => {
  const setting = await settingsOf(redis);
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

/** `cluster` never passes, `replica` with a failover, `no-rights` by somebody's hand, `refused` mostly by itself. */
export interface PlaceFault {
  kind: "cluster" | "replica" | "no-rights" | "refused";
  message: string;
}

/** Why nothing can be kept in this Redis, however it is set; undefined when a script of ours has written to it. */
export const faultOfPlace = async (redis: Redis): Promise<PlaceFault | undefined> => {
  const setting = await settingsOf(redis);
  if (setting("cluster_enabled") === "1")
    return {
      kind: "cluster",
      message: "it is a node of a Redis Cluster, whose nodes have a part of the keys each; name a Redis that is none",
    };
  if (setting("role") === "slave")
    return {
      kind: "replica",
      message: "it is a replica, and what is written there is refused or lost; name its primary",
    };
  try {
    await redis.eval("return redis.call('set', KEYS[1], '1', 'EX', 60)", 1, `${keyPrefix}:writable`);
    return undefined;
  } catch (error) {
    if (!isRedisRefusal(error)) throw error;
    const hasNoRights = /^NOPERM |^ERR (The user|ACL failure)/.test(error.message);
    const advice = hasNoRights ? "; its user needs to read and write relay:*, and to run scripts" : "";
    return { kind: hasNoRights ? "no-rights" : "refused", message: `it cannot be written: ${error.message}${advice}` };
  }
};
