import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hold, ok, quarantine, retry } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { moved } from "./job-end.ts";
import { maxAttempts } from "./stage-worker.ts";
import { counted, type StageRig, stageRig } from "./testing/stage-rig.ts";

const server = useRedis();
let rig: StageRig;
beforeEach(() => {
  rig = stageRig(server.connect());
});
afterEach(() => rig.close());

const because = new Error("because");
const job = async (id: string) => {
  const found = await rig.queue.getJob(id);
  if (!found) throw new Error(`${id} is gone`);
  return found;
};

test("a job that is done is settled with its tally, which is its return value, and stays as a tombstone", async () => {
  await rig.add(["t-a-0"]);
  rig.start({ handle: ({ data }) => Promise.resolve(ok({ in: data.n + 7, ok: data.n + 7 })) });
  await eventually(() => expect([...rig.settled]).toEqual([["t-a-0", { in: 7, ok: 7 }]]));
  expect((await job("t-a-0")).returnvalue).toEqual({ in: 7, ok: 7 });
  await rig.add(["t-a-0"]);
  expect(await rig.queue.getWaitingCount()).toBe(0);
});

test("a job that moved ends without being settled, and leaves no tombstone", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  rig.start({ handle: ({ data }) => Promise.resolve(ok(data.n === 0 ? moved : counted)) });
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-1"]));
  await eventually(async () => expect(await rig.queue.getJob("t-a-0")).toBeUndefined());
});

test("a quarantined job is set aside and done, and counted as what setting it aside says", async () => {
  await rig.add(["t-a-0"]);
  rig.start({ handle: () => Promise.resolve(quarantine("spool-missing", because)) });
  await eventually(() => expect(rig.settled.get("t-a-0")).toEqual({ in: 1, "quarantined:spool-missing": 1 }));
  expect(rig.aside.get("t-a-0")).toBe("spool-missing: because");
});

test("a retried job waits by itself, uses no attempt, and others pass it", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  const order: string[] = [];
  rig.start({
    handle: ({ id }) => {
      order.push(id);
      return Promise.resolve(id === "t-a-0" && order.length === 1 ? retry(300.5, because) : ok(counted));
    },
  });
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(order).toEqual(["t-a-0", "t-a-1", "t-a-0"]);
  expect((await job("t-a-0")).attemptsMade).toBe(1); // BullMQ counts the end as one
});

test("where the queue waits, a retried job stays its head: nothing passes it, and no attempt is used", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  const runs: { id: string; atMs: number }[] = [];
  rig.start({
    retryWaitsFor: "queue",
    handle: ({ id }) => {
      runs.push({ id, atMs: performance.now() });
      return Promise.resolve(runs.length <= 2 ? retry(249.5, because) : ok(counted));
    },
  });
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(runs.map(({ id }) => id)).toEqual(["t-a-0", "t-a-0", "t-a-0", "t-a-1"]);
  const [first, second, third] = runs.map(({ atMs }) => atMs);
  expect(Math.round(Number(second) - Number(first))).toBeGreaterThanOrEqual(245);
  expect(Math.round(Number(third) - Number(second))).toBeGreaterThanOrEqual(245);
  expect((await job("t-a-0")).attemptsMade).toBe(1);
});

test("of two pauses of a queue the one that ends later counts", async () => {
  await rig.add(["t-a-0", "t-a-1", "t-a-2"]);
  const both = Promise.withResolvers<void>();
  rig.start({
    concurrency: 2,
    retryWaitsFor: "queue",
    handle: async ({ id }) => {
      if (id === "t-a-1") both.resolve();
      await both.promise;
      if (id === "t-a-0") return retry(20_000, because);
      await eventually(async () => expect(await rig.queue.getRateLimitTtl()).toBeGreaterThan(0));
      return retry(20, because);
    },
  });
  await both.promise;
  await eventually(async () => expect(await rig.queue.getWaitingCount()).toBe(3));
  expect(await rig.queue.getRateLimitTtl()).toBeGreaterThan(5_000);
});

test("no pause is so long that what it is for could change meanwhile", async () => {
  await rig.add(["t-a-0"]);
  rig.start({ retryWaitsFor: "queue", handle: () => Promise.resolve(retry(2_000_000_000, because)) });
  await eventually(async () => expect(await rig.queue.getRateLimitTtl()).toBeGreaterThan(0));
  expect(await rig.queue.getRateLimitTtl()).toBeLessThanOrEqual(30_000);
});

test("a job that has left in a run that was killed is not set aside", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  rig.start({
    handle: () => Promise.resolve(quarantine("spool-missing", because)),
    hasLeft: (id) => Promise.resolve(id === "t-a-0"),
  });
  await eventually(async () => expect(await rig.queue.getActiveCount()).toBe(0));
  await eventually(() => expect([...rig.aside.keys()]).toEqual(["t-a-1"]));
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-1"]));
});

test("a held job that was moved ends here, and its entry is left alone", async () => {
  await rig.add(["t-a-0"]);
  const onHold = vi.fn<() => Promise<typeof moved>>(() => Promise.resolve(moved));
  rig.start({ handle: () => Promise.resolve(hold("unauthorized")), onHold });
  await eventually(async () => expect(await rig.queue.getJob("t-a-0")).toBeUndefined());
  expect(onHold).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ id: "t-a-0" }), "unauthorized");
  expect(rig.settled.size).toBe(0);
});

test("a held job that waits goes back to the head, the queue waits with it, and no attempt is used", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  const order: string[] = [];
  rig.start({
    onHold: () => Promise.resolve({ waitMs: 30 }),
    handle: ({ id }) => Promise.resolve(order.push(id) <= 3 ? hold("operator") : ok(counted)),
  });
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(order).toEqual(["t-a-0", "t-a-0", "t-a-0", "t-a-0", "t-a-1"]);
  expect((await job("t-a-0")).attemptsMade).toBe(1);
});

test("a job that has left need not wait: it ends as moved", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  rig.start({
    retryWaitsFor: "queue",
    hasLeft: (id) => Promise.resolve(id === "t-a-0"),
    handle: ({ id }) => Promise.resolve(id === "t-a-0" ? retry(600_000, because) : ok(counted)),
  });
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-1"]));
  await eventually(async () => expect(await rig.queue.getJob("t-a-0")).toBeUndefined());
});

test("a job that throws is tried again, others in between, and after ten times it is poison", async () => {
  await rig.add(["t-a-0"]);
  const bad = await job("t-a-0");
  rig.start({ handle: () => Promise.reject(because) });
  await eventually(async () => expect(await rig.queue.getDelayedCount()).toBe(1));
  expect(rig.aside.size).toBe(0);
  // The waits in between grow to a minute.
  await rig.redis.hset(`relay:transform-acme:${bad.id}`, "atm", maxAttempts - 1);
  await (await job("t-a-0")).promote();
  await eventually(() => expect(rig.aside.get("t-a-0")).toBe("poison: failed 10 times"));
  await eventually(() => expect(rig.settled.get("t-a-0")).toEqual({ in: 1, "quarantined:poison": 1 }));
  expect(rig.logged).toContain("job.poison: it goes to quarantine as a whole");
});

test("a job that cannot even be set aside is kept, and tried again", async () => {
  await rig.add(["t-a-0"]);
  await rig.redis.hset("relay:transform-acme:t-a-0", "atm", maxAttempts + 5);
  const setAside = vi.fn<() => Promise<never>>(() => Promise.reject(because));
  rig.start({ handle: () => Promise.reject(because), setAside });
  await eventually(() => expect(setAside).toHaveBeenCalled());
  await eventually(async () =>
    expect(await rig.queue.getJobCounts("delayed", "failed")).toEqual({ delayed: 1, failed: 0 }),
  );
});

test("a whole job cannot be dropped, nor held by a stage that does not hold: that is a bug, and no event is lost by it", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  rig.start({
    handle: ({ id }) => Promise.resolve(id === "t-a-0" ? hold("operator") : { kind: "drop", reason: "expired" }),
  });
  await eventually(async () => expect(await rig.queue.getDelayedCount()).toBe(2));
  expect(rig.logged).toContain("job.failed: it runs again, ten times in all");
  expect((await job("t-a-0")).failedReason).toMatch(/does not hold/);
  expect((await job("t-a-1")).failedReason).toMatch(/cannot be dropped/);
});

test("what one run saved, the next one finds, also within the same run", async () => {
  await rig.add(["t-a-0"]);
  const found: unknown[] = [];
  rig.start({
    handle: async (item) => {
      found.push(item.progress);
      if (found.length > 2) return ok(counted);
      await item.saveProgress({ at: found.length });
      found.push(item.progress);
      return retry(1, because);
    },
  });
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect(found).toEqual([undefined, { at: 1 }, { at: 1 }]);
});

test("a job knows how often it was begun, whatever ended its runs", async () => {
  await rig.add(["t-a-0"]);
  const runs: number[] = [];
  rig.start({
    handle: (item) => {
      runs.push(item.runs);
      if (runs.length === 1) return Promise.resolve(retry(1, because));
      return runs.length === 2 ? Promise.reject(because) : Promise.resolve(ok(counted));
    },
  });
  await eventually(() => expect(runs).toEqual([1, 2]));
  await eventually(async () => (await job("t-a-0")).promote());
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect(runs).toEqual([1, 2, 3]);
});

test("the note of a job without a payload is made before each of its runs", async () => {
  await rig.add(["t-a-0"]);
  const steps: string[] = [];
  rig.start({
    enter: ({ id, data }) => Promise.resolve(void steps.push(`enter ${id} ${data.n}`)),
    handle: ({ id }) => Promise.resolve(steps.push(`handle ${id}`) === 2 ? retry(1, because) : ok(counted)),
  });
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect(steps).toEqual(["enter t-a-0 0", "handle t-a-0", "enter t-a-0 0", "handle t-a-0"]);
});

test("a settling that fails is left to the sweeper, and said", async () => {
  await rig.add(["t-a-0"]);
  rig.start({ handle: () => Promise.resolve(ok(counted)), settle: () => Promise.reject(because) });
  await eventually(() => expect(rig.logged).toEqual(["settle.postponed: the sweeper will do it"]));
});

test("a job that was moved is told of when nothing of it is in the way of another one of its id", async () => {
  await rig.add(["t-a-0"]);
  const left: unknown[] = [];
  rig.start({
    handle: () => Promise.resolve(ok(moved)),
    afterMoved: async ({ id, data }) => void left.push(id, data.n, await rig.queue.getJob(id)),
  });
  await eventually(() => expect(left).toEqual(["t-a-0", 0, undefined]));
  expect(rig.settled.size).toBe(0);
});
