import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { spoolEntryKey } from "@currents-relay/shared/core/keys.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatheredOldestHeld, redisDeadLetters } from "./redis-dead-letters.ts";

const workspace = "acme";
const id = "d-file-0-3-00000000-0" as JobId;
const data: DeliverJob = {
  v: 1,
  connector: "engagement",
  calls: 3,
  bytes: 9,
  landedAtMs: 1,
  origin: { uri: "file:///a.avro", blockOffset: 7 },
};
const calls = Buffer.from(
  Array.from({ length: 300 }, (_, i) => `{"messageId":"${(i * i) % 9_973}"}`)
    .join(",\n")
    .repeat(9),
);

const server = useRedis();
let redis: Redis;
let queues: WorkspaceQueues;
beforeAll(() => {
  redis = server.connect();
  queues = openWorkspaceQueues(redis, workspace);
});
afterAll(() => queues.close());

test("a batch that is held waits under its id with its calls, in less room; holding it again changes nothing", async () => {
  const spool = redisSpool(redis, workspace);
  const letters = redisDeadLetters(
    redis,
    workspace,
    { spool, queues, oldestHeld: gatheredOldestHeld(redis) },
    () => 5_000,
  );
  expect(await letters.oldestHeldMs()).toBeUndefined();
  await spool.put([{ id, kind: "deliver", events: 3, payload: calls }]);
  const before = await redis.strlen(spoolEntryKey(workspace, id));

  await letters.hold({ id, data }, "unauthorized");
  await letters.hold({ id, data }, "operator");
  const job = await queues.open("deadletter").getJob(id);
  expect(job?.data).toEqual({ ...data, heldAtMs: 5_000, heldFor: "unauthorized" });
  expect(await letters.oldestHeldMs()).toBe(5_000);
  expect(await spool.read(id, "deadletter")).toEqual(calls);
  expect(await redis.strlen(spoolEntryKey(workspace, id))).toBeLessThan(before);
});

test("a batch that is damaged is held as it is", async () => {
  const damaged = "d-file-0-3-00000000-1" as JobId;
  const spool = redisSpool(redis, workspace);
  await spool.put([{ id: damaged, kind: "deliver", events: 3, payload: calls }]);
  const stored = (await redis.getBuffer(spoolEntryKey(workspace, damaged))) ?? Buffer.alloc(0);
  await redis.set(spoolEntryKey(workspace, damaged), stored.subarray(0, -6));
  await redisDeadLetters(redis, workspace, { spool, queues, oldestHeld: gatheredOldestHeld(redis) }).hold(
    { id: damaged, data },
    "unauthorized",
  );
  expect(await redis.strlen(spoolEntryKey(workspace, damaged))).toBe(stored.length - 6);
  expect(await spool.hasLeft(damaged, "deliver")).toBe(true);
});

test("of many workspaces that ask at once each learns of its own oldest: one in hand before those that wait", async () => {
  const oldestHeld = gatheredOldestHeld(redis);
  const held = async (name: string, ids: string[], list: "active" | "wait") =>
    redis.lpush(`relay:deadletter-${name}:${list}`, ...ids);
  await held("globex", ["d-older", "d-newer"], "wait");
  await held("initech", ["d-waits"], "wait");
  await held("initech", ["d-in-hand", "d-newer"], "active");
  expect(await Promise.all(["none", "globex", "initech"].map(oldestHeld))).toEqual([null, "d-older", "d-in-hand"]);
});

test("a queue that is damaged is told of to its own workspace alone", async () => {
  const oldestHeld = gatheredOldestHeld(redis);
  await redis.set("relay:deadletter-hooli:wait", "no list");
  await redis.lpush("relay:deadletter-umbrella:wait", "d-1");
  const asked = await Promise.allSettled(["hooli", "umbrella"].map(oldestHeld));
  expect(asked).toMatchObject([
    { reason: { message: expect.stringMatching(/dead letters of hooli cannot be read: WRONGTYPE/) as string } },
    { value: "d-1" },
  ]);
});
