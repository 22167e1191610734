import { expect, test } from "vitest";
import { spoolIndexKey } from "../core/keys.ts";
import { useRedis } from "../testing/redis-server.ts";
import { sweepDue } from "./sweep-due.ts";

const server = useRedis();

test("of many spools, those are due whose first entry's time has come; one that is damaged is, too", async () => {
  const redis = server.connect();
  const [pastMs, laterMs] = [Date.now() - 1_000, Date.now() + 60_000];
  await redis.zadd(spoolIndexKey("due"), laterMs, "i-later", pastMs, "i-past");
  await redis.zadd(spoolIndexKey("later"), laterMs, "i-later");
  await redis.set(spoolIndexKey("damaged"), "no sorted set");
  const names = ["empty", "due", "later", "damaged"];
  const before = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
  const look = sweepDue(redis);
  expect(await Promise.all(names.map(look))).toEqual([false, true, false, true]);
  expect(await look("due")).toBe(true);
  const after = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
  expect(after - before).toBe(2);
  expect(sweepDue(redis)).toBe(look);
});
