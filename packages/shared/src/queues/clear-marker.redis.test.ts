import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keyPrefix, queueName } from "../core/keys.ts";
import { ok, retry } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import type { Item } from "./stage-worker.ts";
import { quickly } from "./testing/quickly.ts";
import { counted, type JobData, type StageRig, stageRig, workspace } from "./testing/stage-rig.ts";

const server = useRedis();
const markerKey = `${keyPrefix}:${queueName("transform", workspace)}:marker`;
/** A sign that is lost is not made good within a test. */
const timing = { ...quickly, lockMs: 60_000, stallCheckMs: 60_000 };
let redis: Redis;
let rig: StageRig;
let begun: string[];
let gates: Map<string, () => void>;

beforeEach(() => {
  redis = server.connect();
  rig = stageRig(redis);
  begun = [];
  gates = new Map();
});
afterEach(async () => {
  endAll();
  await rig.close();
});

const handle = async ({ id }: Item<JobData>) => {
  begun.push(id);
  await new Promise<void>((resolve) => gates.set(id, resolve));
  return ok(counted);
};
const endAll = () => {
  for (const end of gates.values()) end();
};
const hasBegun = (...ids: string[]) => eventually(() => expect(begun).toEqual(ids));
const takes = async (): Promise<number> =>
  Number(/cmdstat_rpoplpush:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
const untilWaiting = () => eventually(async () => expect(await redis.info("clients")).toContain("blocked_clients:1\r"));

test("a job that was the last one to wait wakes nobody else", async () => {
  rig.start({ handle, timing });
  await rig.add(["t-1"]);
  await hasBegun("t-1");
  expect(await redis.exists(markerKey)).toBe(0);
});

test.each([
  ["waits", {}],
  ["waits behind all others", { priority: 1 }],
])("while another job %s, the next worker is woken", async (_, options) => {
  await rig.queue.add("transform", { n: 1 }, { jobId: "t-1", ...options });
  await rig.queue.add("transform", { n: 2 }, { jobId: "t-2", ...options });
  rig.start({ handle, timing });
  await hasBegun("t-1");
  expect(await redis.zrange(markerKey, "0", "-1")).toEqual(["0"]);
});

test.each([1, 3])("with %i in hand, a single job is asked for once, and once more at its end", async (concurrency) => {
  rig.start({ handle, timing, concurrency });
  await untilWaiting();
  await redis.config("RESETSTAT");
  await rig.add(["t-1"]);
  await hasBegun("t-1");
  if (concurrency > 1) await untilWaiting();
  endAll();
  await eventually(() => expect(rig.settled.size).toBe(1));
  await untilWaiting();
  await rig.add(["t-2"]);
  await hasBegun("t-1", "t-2");
  endAll();
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(await takes()).toBe(4);
});

test("a worker with more hands takes what comes while it has a job, at once", async () => {
  rig.start({ handle, timing, concurrency: 3 });
  for (const id of ["t-1", "t-2", "t-3"]) {
    await rig.add([id]);
    await eventually(() => expect(begun).toContain(id));
  }
});

test.each([1, 2])("with %i in hand, each of many jobs that come alone is taken at once", async (concurrency) => {
  rig.start({ handle: () => Promise.resolve(ok(counted)), timing, concurrency });
  for (let n = 1; n <= 20; n++) {
    await rig.add([`t-${n}`]);
    await eventually(() => expect(rig.settled.size).toBe(n));
  }
});

test("a job that is due later is not forgotten when one that came before it was the last to wait", async () => {
  rig.start({ handle: () => Promise.resolve(ok(counted)), timing, concurrency: 3 });
  await untilWaiting();
  await rig.queue.add("transform", { n: 1 }, { jobId: "t-later", delay: 700 });
  await untilWaiting();
  await rig.add(["t-now"]);
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-now", "t-later"]));
});

test("a job behind all others that is given back with a pause of its queue is taken again after the pause", async () => {
  await rig.queue.add("transform", { n: 1 }, { jobId: "t-1", priority: 1 });
  let runs = 0;
  const pausing = () => Promise.resolve(++runs < 4 ? retry(200, new Error("not now")) : ok(counted));
  rig.start({ handle: pausing, timing, retryWaitsFor: "queue" });
  await eventually(() => expect(rig.settled.size).toBe(1));
});

test("what came while one job had to be alone is taken when that is put off", async () => {
  await rig.queue.setGlobalConcurrency(1);
  const postponing = async (item: Item<JobData>) => {
    const end = await handle(item);
    return item.id === "t-1" ? retry(60_000, new Error("not now")) : end;
  };
  rig.start({ handle: postponing, timing });
  await rig.add(["t-1"]);
  await hasBegun("t-1");
  await rig.add(["t-2"]);
  endAll();
  await hasBegun("t-1", "t-2");
});

test("a worker that has just ended a long job is well", async () => {
  const wedgedAfterMs = 300;
  let isWell: boolean | undefined;
  const worker = rig.start({
    handle,
    timing: { ...timing, wedgedAfterMs },
    settle: () => Promise.resolve((isWell = worker.isRunning())),
  });
  await untilWaiting();
  await rig.add(["t-1"]);
  await hasBegun("t-1");
  const startedMs = performance.now();
  await eventually(() => expect(performance.now() - startedMs).toBeGreaterThan(1.5 * wedgedAfterMs));
  endAll();
  await eventually(() => expect(isWell).toBe(true));
});

test("where Redis does not let us clear the sign, jobs are taken as before", async () => {
  await redis.acl("SETUSER", "meek", "on", "nopass", "~*", "+@all", "-zrem");
  const meek = new Redis(server.url().replace("redis://", "redis://meek:x@"), { maxRetriesPerRequest: null });
  const meekRig = stageRig(meek);
  meekRig.start({ handle: () => Promise.resolve(ok(counted)), timing, concurrency: 2 });
  for (let n = 1; n <= 5; n++) {
    await rig.add([`t-${n}`]);
    await eventually(() => expect(meekRig.settled.size).toBe(n));
  }
  await meekRig.close();
  meek.disconnect();
});

test("BullMQ's own events, which nobody reads, take no room while jobs are added", async () => {
  await rig.queue.getVersion(); // its settings are in Redis then
  await rig.add(Array.from({ length: 50 }, (_, n) => `t-${n}`));
  expect(await redis.xlen(`${keyPrefix}:${queueName("transform", workspace)}:events`)).toBeLessThan(3);
});
