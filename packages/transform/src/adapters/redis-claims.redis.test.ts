import { randomUUID } from "node:crypto";
import { startRedisServer, type RedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisClaims } from "./redis-claims.ts";

const owner = (name: string) => name as JobId; // a test's own name for a chunk
const hourMs = 3_600_000;

describe("claims in Redis", () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedisServer({ aof: "no" });
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    await redis.quit();
    await server.stop();
  });

  const claimsAt = (clock: { ms: number }, windowMs = hourMs, scope: string = randomUUID()) =>
    redisClaims(redis, { scope, windowMs, now: () => clock.ms });

  it("a first claim wins, another owner's claim of the same id loses", async () => {
    const claim = claimsAt({ ms: 1_000_000 });
    expect(await claim(owner("t-1"), ["a", "b"])).toEqual([true, true]);
    expect(await claim(owner("t-2"), ["b", "c"])).toEqual([false, true]);
  });

  it("an owner that runs again wins its own claims again", async () => {
    const claim = claimsAt({ ms: 1_000_000 });
    await claim(owner("t-1"), ["a", "b"]);
    expect(await claim(owner("t-1"), ["a", "b", "c"])).toEqual([true, true, true]);
  });

  it("remembers an id to the last millisecond of the window and not one longer", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock);
    await claim(owner("t-1"), ["a"]);
    clock.ms += hourMs - 1;
    expect(await claim(owner("t-2"), ["a"])).toEqual([false]);
    clock.ms += 1;
    expect(await claim(owner("t-3"), ["a"])).toEqual([true]);
    clock.ms += hourMs - 1;
    expect(await claim(owner("t-4"), ["a"])).toEqual([false]);
  });

  it("finds every id again while segments open and close over many windows", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock);
    const claimedAt = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const ids = Array.from({ length: 300 }, (_, i) => `${round}-${i}`);
      expect(await claim(owner(`t-${round}`), ids)).toEqual(ids.map(() => true));
      for (const id of ids) claimedAt.set(id, clock.ms);
      clock.ms += hourMs / 20;
      const remembered = [...claimedAt].filter(([, ms]) => clock.ms - ms < hourMs).map(([id]) => id);
      expect(await claim(owner("another"), remembered)).toEqual(remembered.map(() => false));
    }
  });

  it("keeps scopes apart", async () => {
    const clock = { ms: 1_000_000 };
    await claimsAt(clock, hourMs, "acme")(owner("t-1"), ["a"]);
    expect(await claimsAt(clock, hourMs, "other")(owner("t-2"), ["a"])).toEqual([true]);
  });

  it.each([10_000, 40_000, 100_000])("costs at most 64 bytes an id with %i ids", async (count) => {
    await redis.flushall();
    const before = await usedBytes(redis);
    const claim = redisClaims(redis, { scope: "acme", windowMs: 48 * hourMs });
    for (let done = 0; done < count; done += 500)
      await claim(
        owner(`t-${done}`),
        Array.from({ length: 500 }, () => randomUUID()),
      );
    const each = ((await usedBytes(redis)) - before) / count;
    expect(each).toBeLessThanOrEqual(64);
  });
});

/** All that Redis uses; the test subtracts what it used before. */
const usedBytes = async (redis: Redis): Promise<number> => {
  const stats = await redis.info("memory");
  return Number(/^used_memory:(\d+)/m.exec(stats)?.[1]);
};
