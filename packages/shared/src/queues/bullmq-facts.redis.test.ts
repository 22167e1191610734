import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JobId } from "../core/ids.ts";
import { ok } from "../core/outcome.ts";
import { isRedisTrouble } from "../runtime/redis-trouble.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { handWorker } from "./testing/hand-worker.ts";
import { type RedisProxy, redisProxy } from "./testing/redis-proxy.ts";
import { quickly } from "./testing/quickly.ts";
import { counted, type StageRig, stageRig, workspace } from "./testing/stage-rig.ts";
import { openWorkspaceQueues } from "./workspace-queues.ts";

/** What BullMQ and ioredis really do, and what we do about it. Each fact stands beside our answer to it. */

const server = useRedis();
let redis: Redis;
let rig: StageRig;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  redis = server.connect();
  rig = stageRig(redis);
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await rig.close();
});

const throughProxy = async (): Promise<{ proxy: RedisProxy; far: Redis }> => {
  const proxy = await redisProxy(server.server().port);
  const far = new Redis(proxy.url, { maxRetriesPerRequest: null });
  closing.push(
    () => proxy.close(),
    () => far.disconnect(),
  );
  await far.ping();
  return { proxy, far };
};
const plainQueue = () => {
  const queue = new Queue("plain", { connection: redis });
  closing.push(() => queue.close());
  return queue;
};
const jobs = ["t-a-0", "t-a-1", "t-a-2"].map((id) => ({ id: id as JobId, data: {} }));
const waitingIds = async () => (await rig.queue.getWaiting(0, 10)).map(({ id }) => id);

test("addBulk is not atomic: a connection lost in the middle leaves a part; adding all again adds the rest, once", async () => {
  const { proxy, far } = await throughProxy();
  const queues = openWorkspaceQueues(far, workspace);
  closing.push(() => queues.close());
  await queues.open("transform").waitUntilReady();
  const held = proxy.holdAnswers();
  const adding = queues.add("transform", jobs);
  await held.arrived;
  await eventually(async () => expect(await waitingIds()).toHaveLength(3));
  await redis.del("relay:transform-acme:t-a-2");
  await redis.lrem("relay:transform-acme:wait", 1, "t-a-2");
  // As if Redis had died after the first answer: one is known to be done, two are not.
  const firstAnswer = (answers: Buffer) => answers.subarray(0, answers.indexOf("t-a-0\r\n") + 7);
  proxy.cut(firstAnswer);
  const error: unknown = await adding.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: "Command aborted due to connection close" });
  expect(isRedisTrouble(error)).toBe(true);
  await queues.add("transform", jobs);
  expect(new Set(await waitingIds())).toEqual(new Set(["t-a-0", "t-a-1", "t-a-2"]));
});

test("a lost answer makes ioredis send again: a job of its own number is there twice, a job of ours once", async () => {
  const { proxy, far } = await throughProxy();
  const plain = new Queue("plain", { connection: far });
  const queues = openWorkspaceQueues(far, workspace);
  closing.push(
    () => plain.close(),
    () => queues.close(),
  );
  await Promise.all([plain.waitUntilReady(), queues.open("transform").waitUntilReady()]);
  const held = proxy.holdAnswers();
  const added = [plain.add("job", {}), queues.open("transform").add("job", {}, { jobId: "t-a-0" })];
  await held.arrived;
  await eventually(async () => expect(await waitingIds()).toHaveLength(1));
  proxy.cut();
  await Promise.all(added);
  expect(await plain.getWaitingCount()).toBe(2);
  expect(await waitingIds()).toEqual(["t-a-0"]);
});

test("a done job's id is taken as long as its hash is there; ours stays for a day", async () => {
  const plain = plainQueue();
  const worker = new Worker("plain", () => Promise.resolve(), { connection: redis, removeOnComplete: { count: 0 } });
  closing.push(() => worker.close());
  for (const _ of [1, 2]) {
    const done = new Promise((resolve) => worker.once("completed", resolve));
    await plain.add("job", {}, { jobId: "same" });
    await done;
  }
  await rig.add(["t-a-0"]);
  const byHand = handWorker(redis, "transform", workspace);
  const job = await byHand.take();
  if (job) await byHand.complete(job, counted);
  await byHand.close();
  await rig.add(["t-a-0"]);
  expect(await waitingIds()).toEqual([]);
  expect(job?.opts.removeOnComplete).toEqual({ age: 86_400, count: 50_000 });
});

test("a job that stalled once more than maxStalledCount is failed without being run; ours is run", async () => {
  const plain = plainQueue();
  const failed: string[] = [];
  for (const queue of [plain, rig.queue]) await queue.add("job", {}, { jobId: "t-a-0" });
  // As the stall check of a worker leaves it that found a job for the second time without a lock.
  const stall = async (name: string, prefix: string) => {
    await redis.hset(`${prefix}:${name}:t-a-0`, "stc", 1);
    await redis.rpoplpush(`${prefix}:${name}:wait`, `${prefix}:${name}:active`);
    await redis.sadd(`${prefix}:${name}:stalled`, "t-a-0");
  };
  await stall("plain", "bull");
  await stall("transform-acme", "relay");
  let ran = false;
  const worker = new Worker(
    "plain",
    () => {
      ran = true;
      return Promise.resolve();
    },
    { connection: redis, stalledInterval: 50 },
  );
  closing.push(() => worker.close());
  worker.on("failed", (_job, error) => failed.push(error.message));
  await eventually(() => expect(failed).toEqual(["job stalled more than allowable limit"]));
  expect(ran).toBe(false);
  rig.start({ timing: quickly, handle: () => Promise.resolve(ok(counted)) });
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-0"]));
});

test("a worker without work spins when Redis is out of memory; ours asks a few times a second, says it once, and goes on by itself", async () => {
  await redis.config("SET", "maxmemory", 1);
  closing.push(() => redis.config("SET", "maxmemory", 0));
  let errors = 0;
  const plain = new Worker("plain", () => Promise.resolve(), { connection: redis });
  closing.push(() => plain.close());
  plain.on("error", () => (errors += 1));
  await eventually(() => expect(errors).toBeGreaterThan(500));
  await plain.close();

  await redis.config("SET", "maxmemory", 0);
  await rig.add(["t-a-0"]);
  await redis.config("SET", "maxmemory", 1);
  await redis.config("RESETSTAT");
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  rig.start({ handle: () => Promise.resolve(ok(counted)) });
  await eventually(() => expect(performance.now() - startedMs).toBeGreaterThan(1_500));
  const asked = Number(
    /cmdstat_rpoplpush:calls=\d+,.*rejected_calls=(\d+)/.exec(await redis.info("commandstats"))?.[1],
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(10);
  expect((user + system) / 1_000).toBeLessThan(600);
  expect(rig.logged.length).toBeLessThanOrEqual(1);
  await redis.config("SET", "maxmemory", 0);
  await eventually(() => expect(rig.settled.size).toBe(1));
});
