import { afterEach, beforeEach, expect, test } from "vitest";
import { ok } from "../core/outcome.ts";
import { connectRedis } from "../runtime/redis.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { quickly } from "./testing/quickly.ts";
import { counted, type StageRig, stageRig } from "./testing/stage-rig.ts";

const server = useRedis();
const never = new AbortController().signal;
let rig: StageRig;
beforeEach(() => {
  rig = stageRig(server.connect());
});
afterEach(() => rig.close());

/** A job in hand that ends when told to, or when its signal says so. */
const aLongJob = () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const runs: string[] = [];
  const handle = async ({ id, signal }: { id: string; signal: AbortSignal }) => {
    runs.push(id);
    begun.resolve();
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error)),
    );
    await Promise.race([end.promise, aborted]);
    return ok(counted);
  };
  return { begun: begun.promise, end: () => end.resolve(), runs, handle };
};

/** Resolves when the worker has found no job and waits for one. */
const untilIdle = () =>
  eventually(async () => expect(await rig.redis.info("clients")).toContain("blocked_clients:1\r"));

test("a drain waits for the job in hand and its settling, and takes no other", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  const { begun, end, runs, handle } = aLongJob();
  const settling = Promise.withResolvers<void>();
  const steps: string[] = [];
  const worker = rig.start({
    handle,
    settle: async (id) => {
      await settling.promise;
      steps.push(`settled ${id}`);
    },
  });
  await begun;
  const drained = worker.drain(never).then(() => steps.push("drained"));
  end();
  await eventually(async () => expect(await rig.queue.getCompletedCount()).toBe(1));
  settling.resolve();
  await drained;
  expect(steps).toEqual(["settled t-a-0", "drained"]);
  expect(runs).toEqual(["t-a-0"]);
  expect(await rig.queue.getWaitingCount()).toBe(1);
  expect(worker.isRunning()).toBe(false);
});

test("a worker without work drains at once", async () => {
  const worker = rig.start({ handle: () => Promise.resolve(ok(counted)) });
  await untilIdle();
  const startedMs = performance.now();
  await worker.drain(never);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test("a forced drain gives the job in hand back to the head of the queue, and uses no attempt", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  const { begun, handle } = aLongJob();
  const worker = rig.start({ handle });
  await begun;
  const force = new AbortController();
  const drained = worker.drain(force.signal);
  force.abort();
  await drained;
  const waiting = await rig.queue.getJobs("waiting", 0, 10, true);
  expect(waiting.map(({ id, attemptsMade, stalledCounter }) => [id, attemptsMade, stalledCounter])).toEqual([
    ["t-a-0", 0, 0],
    ["t-a-1", 0, 0],
  ]);
  expect(rig.settled.size).toBe(0);
});

test("a drain that is forced from the start does the same", async () => {
  await rig.add(["t-a-0"]);
  const { begun, handle } = aLongJob();
  const worker = rig.start({ handle });
  await begun;
  await worker.drain(AbortSignal.abort());
  expect(await rig.queue.getWaitingCount()).toBe(1);
});

test("a job that heeds no signal does not keep a forced drain from ending; it stalls, and another worker does it", async () => {
  await rig.add(["t-a-0"]);
  const { begun, end, handle } = aLongJob();
  const deaf = rig.start({
    timing: quickly,
    handle: ({ id }) => handle({ id, signal: never }),
    settle: () => Promise.reject(new Error("must not be reached")),
  });
  await begun;
  await deaf.drain(AbortSignal.abort());
  rig.start({ timing: quickly, handle: () => Promise.resolve(ok(counted)) });
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-0"]));
  end();
});

test("with Redis gone a forced drain ends all the same", async () => {
  const redis = connectRedis(server.url(), gatheringLog([]));
  const lonely = stageRig(redis);
  await lonely.add(["t-a-0"]);
  const { begun, handle } = aLongJob();
  const worker = lonely.start({ timing: quickly, handle });
  await begun;
  await server.server().kill9();
  const startedMs = performance.now();
  await worker.drain(AbortSignal.abort());
  expect(performance.now() - startedMs).toBeLessThan(quickly.giveBackMs + 5_000);
  redis.disconnect();
  await server.server().restart();
});

test("with Redis gone and no job in hand there is nothing to wait for", async () => {
  const redis = connectRedis(server.url(), gatheringLog([]));
  const lonely = stageRig(redis);
  const worker = lonely.start({ timing: { giveBackMs: 60_000 }, handle: () => Promise.resolve(ok(counted)) });
  await untilIdle();
  let failures = 0;
  redis.on("error", () => (failures += 1));
  await server.server().kill9();
  await eventually(() => expect(failures).toBeGreaterThan(3));
  const startedMs = performance.now();
  await worker.drain(AbortSignal.abort());
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  redis.disconnect();
  await server.server().restart();
});

test("a settling that waits for Redis is left to the sweeper when the end is forced", async () => {
  await rig.add(["t-a-0"]);
  const by = server.connect();
  let refusals = 0;
  const worker = rig.start({
    timing: quickly,
    handle: () => Promise.resolve(ok(counted)),
    settle: async () => {
      await by.config("SET", "maxmemory", 1);
      await by.set("a", "b").finally(() => (refusals += 1));
    },
  });
  await eventually(() => expect(refusals).toBe(1));
  await worker.drain(AbortSignal.abort());
  await eventually(() => expect(rig.logged).toContain("settle.postponed: the sweeper will do it"));
  await by.config("SET", "maxmemory", 0);
});
