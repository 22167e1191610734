import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { beforeEach, describe, expect, test } from "vitest";
import type { DeliverJob } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { acceptedKey, jobKey, spoolIndexKey, spoolUsageKey, suspectsKey } from "../core/keys.ts";
import { useRedis } from "../testing/redis-server.ts";
import { acceptedBatches } from "./accepted.ts";
import { redisSpool } from "./redis-spool.ts";

const workspace = "acme";
const server = useRedis();
let redis: Redis;
const spool = () => redisSpool(redis, workspace);
const batches = () => acceptedBatches(redis, workspace);
const idOf = (n: number) => `d-file-0-${n}` as JobId;
const data: DeliverJob = {
  v: 1,
  connector: "engagement",
  calls: 3,
  bytes: 9,
  landedAtMs: 1,
  origin: { uri: "file:///a b.avro", blockOffset: 7 },
};

/** A batch of three events that Segment has accepted. */
const accept = async (n: number, payload = Buffer.from(`payload ${n}`)) => {
  const id = idOf(n);
  await spool().put([{ id, kind: "deliver", payload, events: 3 }]);
  await redis.hset(jobKey("deliver", workspace, id), { name: "deliver", data: JSON.stringify(data) });
  return spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 });
};
const usage = async () => redis.hgetall(spoolUsageKey(workspace));
const suspectIds = async () => (await batches().suspects()).map(({ id }) => id);

beforeEach(async () => {
  redis ??= server.connect();
  await redis.flushall();
});

describe("a batch that Segment accepted", () => {
  test("is out of the spool's use and of the sweeper's sight, and keeps its payload", async () => {
    expect(await accept(1)).toEqual({ counted: true });
    expect(await usage()).toMatchObject({ bytes: "0", "events:d": "0", "accepted:events": "3" });
    expect(await redis.zcard(spoolIndexKey(workspace))).toBe(0);
    expect(await spool().read(idOf(1), "deliver")).toBeUndefined();
  });

  test("is kept and goes whole where its entry has two parts", async () => {
    const payload = randomBytes(41_000);
    await accept(1, payload);
    const kept = await redis.keys("relay:spool:*");
    expect(kept).toHaveLength(2);
    const bytes = (await Promise.all(kept.map((key) => redis.strlen(key)))).reduce((a, b) => a + b);
    expect(await usage()).toMatchObject({ bytes: "0", "accepted:bytes": String(bytes) });
    await batches().suspect();
    const [suspect] = await batches().suspects();
    expect(suspect && (await batches().payload(suspect))).toEqual(payload);
    if (suspect) await batches().release(suspect);
    expect(await redis.keys("relay:spool:*")).toEqual([]);
    expect(await usage()).toMatchObject({ "suspect:bytes": "0", "suspect:events": "0" });
  });

  test("is counted and kept once, however often it is settled", async () => {
    await accept(1);
    expect(await spool().settle(idOf(1), "deliver", "deliver", { in: 3, ok: 3 })).toEqual({ counted: false });
    expect(await usage()).toMatchObject({ bytes: "0", "accepted:events": "3" });
    expect(await redis.zcard(acceptedKey(workspace))).toBe(1);
  });

  test("is gone without a trace once the key was good after it", async () => {
    await accept(1);
    await batches().confirm(60_000);
    expect(await redis.zcard(acceptedKey(workspace))).toBe(1);
    await batches().confirm(0);
    expect(await redis.exists(acceptedKey(workspace), `relay:spool:${workspace}:${idOf(1)}`)).toBe(0);
    expect(await usage()).toMatchObject({ bytes: "0", "accepted:events": "0", "accepted:bytes": "0" });
  });

  test("is a suspect once the key was bad after it, with its payload, its job and its time", async () => {
    await accept(1);
    await accept(2);
    expect(await batches().suspect()).toEqual({ events: 6, unkept: 0 });
    await accept(3);
    await batches().confirm(0);
    const [first, second, ...more] = await batches().suspects();
    expect([first?.id, second?.id, more]).toEqual([idOf(1), idOf(2), []]);
    expect(first?.data).toEqual(data);
    expect(Date.now() - (first?.acceptedAtMs ?? 0)).toBeLessThan(30_000);
    expect(first && (await batches().payload(first))?.toString()).toBe("payload 1");
    expect(await usage()).toMatchObject({ "suspect:events": "6", "accepted:events": "0" });
  });

  test("leaves nothing behind when it is released, or when its time is over", async () => {
    for (const n of [1, 2, 3]) await accept(n);
    await batches().suspect();
    const [first] = await batches().suspects();
    if (first) await batches().release(first);
    expect(await suspectIds()).toEqual([idOf(2), idOf(3)]);
    await batches().expire(60_000);
    expect(await suspectIds()).toEqual([idOf(2), idOf(3)]);
    await batches().expire(0);
    expect(await redis.exists(suspectsKey(workspace))).toBe(0);
    expect(await redis.keys("relay:spool:*")).toEqual([]);
    expect(await usage()).toMatchObject({ "suspect:events": "0", "suspect:bytes": "0" });
  });

  test("is not kept when there is no room for it, and then counted as that", async () => {
    const noise = () => Buffer.from(Array.from({ length: 9 * 1024 * 1024 }, () => Math.floor(Math.random() * 256)));
    await accept(1, noise());
    await accept(2, noise());
    expect(await batches().suspect()).toEqual({ events: 3, unkept: 3 });
    expect(await suspectIds()).toEqual([idOf(1)]);
    await batches().expire(0);
    expect(await redis.hget(spoolUsageKey(workspace), "suspect:unkept")).toBeNull();
  });
});
