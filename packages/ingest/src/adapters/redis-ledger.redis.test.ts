import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, it } from "vitest";
import { redisLedger } from "./redis-ledger.ts";
import { ledgerContract } from "./redis-ledger-contract.ts";

const redis = useRedis();

ledgerContract("in Redis", () => redisLedger(redis.connect(), "acme", "engagement"));

it("a connector that is pointed at another bucket has another ledger, and its old one when it comes back", async () => {
  const connection = redis.connect();
  const of = (source: string) => redisLedger(connection, "acme", "engagement", source);
  const id = "a" as FileId; // a test's own
  await of("s3://one").take("s", [{ id, atMs: 1 }]);
  await of("s3://one").finish(id);
  expect((await of("s3://two").take("s", [{ id, atMs: 1 }])).unseen).toEqual([id]);
  expect((await of("s3://one").take("s", [{ id, atMs: 1 }])).unseen).toEqual([]);
});

it("a Redis that was emptied is another ledger", async () => {
  const connection = redis.connect();
  const ledger = redisLedger(connection, "acme", "engagement");
  const { birth } = await ledger.open();
  await connection.flushall();
  const again = await ledger.open();
  expect(again.isNew).toBe(true);
  expect(again.birth).not.toBe(birth);
});

it("keeps 10,000 remembered objects in 200 bytes each, and forgets them behind the mark", async () => {
  const connection = redis.connect();
  const ledger = redisLedger(connection, "acme", "engagement");
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await connection.info("memory"))?.[1]);
  const before = await usedBytes();
  const ids = Array.from({ length: 10_000 }, (_, index) => String(index).padStart(24, "0") as FileId); // a test's own
  for (let start = 0; start < ids.length; start += 500)
    await ledger.take(
      "s",
      ids.slice(start, start + 500).map((id) => ({ id, atMs: 1_000 })),
    );
  await Promise.all(ids.map((id) => ledger.finish(id)));
  expect((await usedBytes()) - before).toBeLessThan(200 * ids.length);
  await ledger.advance("s", { reachedMs: 9_000, takenBeforeMs: 5_000 });
  expect((await usedBytes()) - before).toBeLessThan(20_000);
});
