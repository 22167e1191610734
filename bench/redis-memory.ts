import type { Redis } from "ioredis";
import { readRedisCounters } from "./redis-counters.ts";

const keysAtOnce = 1_000;

const usedBytes = async (redis: Redis): Promise<number> => (await readRedisCounters(redis)).usedBytes;

/**
 * Removes all keys that match, and answers with the bytes that Redis uses less then. `MEMORY USAGE` would not do: it
 * leaves out how the allocator rounds up what a hash is made of, some 4 bytes for each remembered id.
 */
export const bytesFreedWithout = async (redis: Redis, pattern: string): Promise<number> => {
  const before = await usedBytes(redis);
  for (let cursor = "0"; ;) {
    const [next, keys] = await redis.scan(cursor, "MATCH", pattern, "COUNT", keysAtOnce);
    if (keys.length > 0) await redis.del(...keys); // not UNLINK, which frees later
    if (next === "0") return before - (await usedBytes(redis));
    cursor = next;
  }
};
