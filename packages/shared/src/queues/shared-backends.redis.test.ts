import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { keyPrefix, queueName } from "../core/keys.ts";
import { ok } from "../core/outcome.ts";
import { connectRedis } from "../runtime/redis.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { type StageWorker, startStageWorker } from "./stage-worker.ts";
import { quickly } from "./testing/quickly.ts";
import { counted } from "./testing/stage-rig.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "./workspace-queues.ts";

const server = useRedis();
const names = Array.from({ length: 50 }, (_, index) => `w${index}`);
let redis: Redis;
let queues: WorkspaceQueues[];
let done: string[];
let said: string[];
const workers: StageWorker[] = [];
beforeEach(() => {
  redis = connectRedis(server.url(), gatheringLog([]));
  queues = names.map((name) => openWorkspaceQueues(redis, name));
  done = [];
  said = [];
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain(AbortSignal.abort())));
  await Promise.all(queues.map((one) => one.close()));
  redis.disconnect();
});

const startWorkers = (timing = quickly, kind: QueueKind = "transform") => {
  for (const workspace of names)
    workers.push(
      startStageWorker({
        workspace,
        kind,
        redis,
        log: gatheringLog(said),
        concurrency: 2,
        retryWaitsFor: "job",
        timing,
        handle: () => Promise.resolve(ok(counted)),
        setAside: () => Promise.resolve({}),
        settle: () => Promise.resolve(done.push(workspace)),
      }),
    );
};
const add = (one: WorkspaceQueues, id: string) => one.add("transform", [{ id: id as JobId, data: {} }]);
const commandsOf = async (seconds: number): Promise<number> => {
  const count = async () => Number(/total_commands_processed:(\d+)/.exec(await redis.info("stats"))?.[1]);
  const before = await count();
  const untilMs = performance.now() + seconds * 1_000;
  await eventually(() => expect(performance.now()).toBeGreaterThan(untilMs));
  return (await count()) - before;
};
const clientNames = async () => String(await redis.call("CLIENT", "LIST")).match(/name=\S*/g) ?? [];

test("fifty queues wait on one connection, and each is woken by its own job", async () => {
  startWorkers();
  await eventually(async () => expect(await redis.info("clients")).toContain("blocked_clients:1\r"));
  for (const [index, one] of queues.entries()) await add(one, `t-${index}`);
  await eventually(() => expect(done.toSorted()).toEqual(names.toSorted()));
  // The server's own, and the one that the workers wait on.
  expect(await clientNames()).toEqual(expect.arrayContaining(["name=relay:doorbell"]));
  expect((await clientNames()).filter((name) => name === "name=relay:doorbell")).toHaveLength(1);
});

test("queues of two kinds wait on two connections", async () => {
  startWorkers();
  startWorkers(quickly, "deliver");
  await eventually(async () => expect(await redis.info("clients")).toContain("blocked_clients:2\r"));
  expect((await clientNames()).filter((name) => name === "name=relay:doorbell")).toHaveLength(2);
  await endAll();
  await eventually(async () => expect(await clientNames()).not.toContain("name=relay:doorbell"));
});

test("fifty idle queues cost a few commands a second, not a few each", async () => {
  startWorkers({ ...quickly, stallCheckMs: 500 });
  await eventually(async () => expect(await redis.info("clients")).toContain("blocked_clients:1\r"));
  // Each look has 3 commands of a script in it for each queue.
  const looks = 2 * 2 * 2;
  expect(await commandsOf(2)).toBeLessThan((looks + 1) * (3 * names.length + 1) + 20);
});

test.each([
  ["waits", (queue: string) => redis.lpush(`${queue}:wait`, "t-1")],
  ["is behind the others", (queue: string) => redis.zadd(`${queue}:prioritized`, 1, "t-1")],
  ["is due", (queue: string) => redis.zadd(`${queue}:delayed`, (Date.now() - 1_000) * 4_096, "t-1")],
])("a job that %s and whose sign was lost is found by the next look", async (_, place) => {
  startWorkers();
  await eventually(async () => expect(await redis.info("clients")).toContain("blocked_clients:1\r"));
  const [first] = queues;
  if (!first) throw new Error("there are queues");
  const queue = `${keyPrefix}:${queueName("transform", first.workspace)}`;
  // What BullMQ's scripts do, but for the marker.
  await redis.hset(`${queue}:t-1`, { name: "transform", data: "{}", opts: "{}", timestamp: Date.now() });
  await place(queue);
  await eventually(() => expect(done).toHaveLength(1));
});

const endAll = () => Promise.all(workers.splice(0).map((worker) => worker.drain(new AbortController().signal)));

test("when the last worker has ended, the connection that they waited on is closed, and nobody looks any more", async () => {
  startWorkers();
  await eventually(async () => expect(await clientNames()).toContain("name=relay:doorbell"));
  await endAll();
  await eventually(async () => expect(await clientNames()).not.toContain("name=relay:doorbell"));
  await commandsOf(2 * (quickly.stallCheckMs / 1_000)); // the last look may be under way
  expect(await commandsOf(5 * (quickly.stallCheckMs / 1_000))).toBeLessThan(3);
});

/** A job that was in the hands of a worker that is dead. */
const leaveBehind = async ({ workspace }: WorkspaceQueues, id: string): Promise<void> => {
  const queue = `${keyPrefix}:${queueName("transform", workspace)}`;
  await redis.hset(`${queue}:${id}`, { name: "transform", data: "{}", opts: "{}", timestamp: Date.now() });
  await redis.lpush(`${queue}:active`, id);
};

test("a job that was left behind is taken over, also by workers that came after all others had ended", async () => {
  const [first] = queues;
  if (!first) throw new Error("there are queues");
  for (const id of ["t-1", "t-2"]) {
    await leaveBehind(first, id);
    startWorkers();
    await eventually(() => expect(done).toContain(first.workspace));
    expect(said.join("\n")).toContain("job.taken-over");
    await endAll();
    await commandsOf(3 * (quickly.stallCheckMs / 1_000)); // until nobody looks any more
    done.length = said.length = 0;
  }
});
