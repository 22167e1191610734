import type { Redis } from "ioredis";

const keysAtOnce = 1_000;

/** Bytes of all keys that match, with Redis' own overhead for each. Walks over all keys: for measurements only. */
export const bytesOfKeys = async (redis: Redis, pattern: string): Promise<number> => {
  let bytes = 0;
  for (let cursor = "0"; ;) {
    const [next, keys] = await redis.scan(cursor, "MATCH", pattern, "COUNT", keysAtOnce);
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.memory("USAGE", key, "SAMPLES", 0);
    for (const [error, usage] of (await pipeline.exec()) ?? []) {
      if (error) throw error;
      bytes += Number(usage ?? 0);
    }
    if (next === "0") return bytes;
    cursor = next;
  }
};
