import { randomUUID } from "node:crypto";
import { startRedisServer, type RedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { claimsKey } from "@currents-relay/shared/core/keys.ts";
import { Redis } from "ioredis";
import { array, assert, asyncProperty, constantFrom, integer, oneof, tuple, uniqueArray } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimOwner } from "./claim-layout.ts";
import { lookUpClaim } from "./claim-lookup.ts";
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

  it("answers for each id in its place, over several scripts", async () => {
    const claim = claimsAt({ ms: 1_000_000 });
    const ids = Array.from({ length: 2_500 }, (_, i) => `id-${i}`);
    const taken = (_: string, i: number) => (i >= 900 && i < 1_100) || i === 2_300;
    await claim(owner("t-1"), ids.filter(taken));
    expect(await claim(owner("t-2"), ids)).toEqual(ids.map((id, i) => !taken(id, i)));
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

  it("finds every id again over many windows", async () => {
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

  it("does as a list of all claims would, whatever comes and however late", async () => {
    const chunks = tuple(integer({ min: 0, max: 4 }), uniqueArray(integer({ min: 0, max: 40 }), { maxLength: 12 }));
    const pauses = oneof(integer({ min: 0, max: 3 }), constantFrom(98, 99, 100, 101, 250));
    await assert(
      asyncProperty(array(tuple(pauses, chunks), { maxLength: 60 }), async (steps) => {
        const clock = { ms: 1_000_000 };
        const claim = claimsAt(clock, 100);
        const known = new Map<number, { owner: number; atMs: number }>();
        for (const [pauseMs, [by, ids]] of steps) {
          clock.ms += pauseMs;
          const expected = ids.map((id) => {
            const before = known.get(id);
            if (before && clock.ms - before.atMs < 100) return before.owner === by;
            known.set(id, { owner: by, atMs: clock.ms });
            return true;
          });
          expect(await claim(owner(`t-${by}`), ids.map(String))).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("keeps of its calls only those whose window is not over, also when many end at once", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock, hourMs, "calls");
    for (let call = 0; call < 1_000; call++) {
      await claim(owner(`t-${call}`), [`id-${call}`]);
      clock.ms += 1;
    }
    clock.ms = 1_000_000 + hourMs + 599; // the first 600 are over
    const all = Array.from({ length: 1_000 }, (_, call) => `id-${call}`);
    expect(await claim(owner("late"), all)).toEqual(all.map((_, call) => call < 600));
    for (let call = 0; call < 10; call++) await claim(owner("late"), [`more-${call}`]);
    expect(await redis.hlen(`${claimsKey("calls")}:1:calls`)).toBe(1_000 - 600 + 11);
  });

  it("does not take for an id what is half of one claim and half of the next", async () => {
    const claim = claimsAt({ ms: 1_000_000 }, hourMs, "halves");
    await claim(owner("t-1"), ["a"]);
    const table = `${claimsKey("halves")}:1`;
    const [[name, bucket]] = Object.entries(await redis.hgetallBuffer(table)) as [[string, Buffer]];
    const id = bucket.subarray(0, 8);
    await redis.hset(
      table,
      Buffer.from(name),
      Buffer.concat([Buffer.alloc(6), id, bucket.subarray(8), bucket.subarray(6)]),
    );
    expect(await claim(owner("t-2"), ["a"])).toEqual([true]);
  });

  it("goes on in another table when a table's calls have used up their numbers", async () => {
    const claim = claimsAt({ ms: 1_000_000 }, hourMs, "numbers");
    await claim(owner("t-1"), ["a"]);
    const state = await redis.hget(claimsKey("numbers"), "1");
    await redis.hset(claimsKey("numbers"), "1", state!.replace(/ 2$/, ` ${2 ** 32}`));
    expect(await claim(owner("t-2"), ["a", "b"])).toEqual([false, true]);
    expect(await redis.hkeys(claimsKey("numbers"))).toEqual(["1", "2"]);
    expect(await claim(owner("t-2"), ["a", "b"])).toEqual([false, true]);
  });

  it("an owner wins its own id again also where the clock was put back between two calls", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock);
    await claim(owner("t-1"), ["before"]);
    clock.ms -= 300_000;
    await claim(owner("t-2"), ["after"]);
    clock.ms += hourMs; // the second claim is over, and the first is not
    expect(await claim(owner("t-3"), ["before"])).toEqual([false]);
    expect(await claim(owner("t-2"), ["after"])).toEqual([true]);
    expect(await claim(owner("t-3"), ["after"])).toEqual([false]);
  });

  it("forgets what a clock claimed that was far ahead, when it is right again", async () => {
    const clock = { ms: 9_000 * hourMs };
    const claim = claimsAt(clock, hourMs, "ahead");
    await claim(owner("t-1"), ["ahead"]);
    clock.ms = 1_000_000;
    expect(await claim(owner("t-2"), ["ahead", "other"])).toEqual([true, true]);
    expect(await claim(owner("t-3"), ["ahead", "other"])).toEqual([false, false]);
    for (let call = 0; call < 300; call++) {
      clock.ms += hourMs / 100;
      await claim(owner("t-4"), [`id-${call}`]);
    }
    expect(await redis.hlen(`${claimsKey("ahead")}:1:calls`)).toBeLessThanOrEqual(101);
    // The times that a table ends by, and that its size is judged by.
    const [sinceMs, lastMs] = (await redis.hget(claimsKey("ahead"), "1"))!.split(" ").slice(3, 5).map(Number);
    expect(lastMs).toBe(clock.ms);
    expect(Math.abs(clock.ms - sinceMs!)).toBeLessThan(hourMs);
  });

  const idsOf = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);
  const tables = async (scope: string) => Object.keys(await redis.hgetall(claimsKey(scope)));

  it("finds every id again after its table was full and a larger one took over", async () => {
    const claim = claimsAt({ ms: 1_000_000 }, hourMs, "growing");
    const [first, second] = [idsOf("first", 140_000), idsOf("second", 2_000)];
    expect(await claim(owner("t-1"), first)).toEqual(first.map(() => true));
    expect(await claim(owner("t-2"), second)).toEqual(second.map(() => true));
    expect(await tables("growing")).toHaveLength(2);
    expect(await claim(owner("t-3"), [...first, ...second])).not.toContain(true);
    expect(await claim(owner("t-1"), first)).toEqual(first.map(() => true));
    const mixed = idsOf("fresh", 300).flatMap((fresh, i) => [second[i]!, first[i]!, fresh]);
    expect(await claim(owner("t-2"), mixed)).toEqual(mixed.map((_, i) => i % 3 !== 1));
    expect(await claim(owner("t-4"), mixed)).not.toContain(true);
  });

  it("keeps no more than a window brings, for as long as ids come", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock, hourMs, "steady");
    const before = await usedBytes(redis);
    const keptAfter = async (windows: number) => {
      for (let round = 0; round < windows * 20; round++) {
        await claim(
          owner("t-1"),
          Array.from({ length: 1_000 }, () => randomUUID()),
        );
        clock.ms += hourMs / 20;
      }
      return (await usedBytes(redis)) - before;
    };
    const afterOne = await keptAfter(1);
    expect(await keptAfter(4)).toBeLessThan(afterOne * 1.4);
  });

  it("gives back the memory of a flood, one window after it is over", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock, hourMs, "flood");
    await claim(owner("t-1"), idsOf("flood", 140_000));
    for (let round = 0; round < 50; round++) {
      await claim(owner("t-2"), idsOf(`round-${round}`, 10));
      clock.ms += hourMs / 20;
    }
    expect(await tables("flood")).toEqual(["3"]);
    const third = `${claimsKey("flood")}:3`;
    expect((await redis.keys(`${claimsKey("flood")}:*`)).toSorted()).toEqual([third, `${third}:calls`]);
    expect(await claim(owner("t-3"), idsOf("round-49", 10))).not.toContain(true);
  });

  it("leaves nothing behind for ever when no ids come any more", async () => {
    await claimsAt({ ms: 1_000_000 }, hourMs, "left")(owner("t-1"), ["a"]);
    for (const key of await redis.keys(`${claimsKey("left")}*`)) {
      const leftMs = await redis.pttl(key);
      expect(leftMs).toBeGreaterThan(hourMs);
      expect(leftMs).toBeLessThanOrEqual(2 * hourMs);
    }
  });

  it("remembers for a window that was made longer, also in the tables of before", async () => {
    const clock = { ms: 1_000_000 };
    await claimsAt(clock, 1_000, "longer")(owner("t-1"), idsOf("first", 140_000));
    await claimsAt(clock, hourMs, "longer")(owner("t-1"), idsOf("second", 10));
    expect(await tables("longer")).toHaveLength(2);
    for (const key of await redis.keys(`${claimsKey("longer")}*`))
      expect(await redis.pttl(key)).toBeGreaterThan(hourMs);
  });

  it("says whose an id is and since when", async () => {
    const clock = { ms: 1_000_000 };
    const claim = claimsAt(clock, hourMs, "asked");
    await claim(owner("t-1"), idsOf("early", 140_000));
    clock.ms += 1;
    await claim(owner("t-2"), idsOf("late", 1_000));
    const lookUp = (id: string) => lookUpClaim(redis, "asked", id);
    expect(await lookUp("early-139999")).toEqual({ owner: claimOwner(owner("t-1")), atMs: 1_000_000 });
    expect(await lookUp("late-0")).toEqual({ owner: claimOwner(owner("t-2")), atMs: 1_000_001 });
    expect(await lookUp("never")).toBeUndefined();
    clock.ms += hourMs;
    await claim(owner("t-3"), ["late-0"]);
    expect(await lookUp("late-0")).toEqual({ owner: claimOwner(owner("t-3")), atMs: clock.ms });
  });

  it("keeps scopes apart", async () => {
    const clock = { ms: 1_000_000 };
    await claimsAt(clock, hourMs, "acme")(owner("t-1"), ["a"]);
    expect(await claimsAt(clock, hourMs, "other")(owner("t-2"), ["a"])).toEqual([true]);
  });

  it.each([10_000, 40_000, 100_000, 160_000])("costs at most 64 bytes an id with %i ids", async (count) => {
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
