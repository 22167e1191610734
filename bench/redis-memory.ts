import type { Redis } from "ioredis";
import { readRedisCounters } from "./redis-counters.ts";

const usedBytes = async (redis: Redis): Promise<number> => (await readRedisCounters(redis)).usedBytes;

/**
 * What the keys that match take in Redis: by how much its memory grows with a copy of each. `MEMORY USAGE` would not do:
 * it leaves out how the allocator rounds up what a hash is made of, some 4 bytes for each remembered id.
 */
export const bytesOfKeys = async (redis: Redis, pattern: string): Promise<number> => {
  const keys = await redis.keys(pattern); // few
  const before = await usedBytes(redis);
  const copies = keys.map((key) => `copy:${key}`);
  for (const [index, key] of keys.entries()) await redis.copy(key, copies[index] ?? "");
  const bytes = (await usedBytes(redis)) - before;
  if (copies.length > 0) await redis.del(...copies); // not UNLINK, which frees later
  return bytes;
};
