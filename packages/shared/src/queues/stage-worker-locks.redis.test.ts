import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ok } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { quickly } from "./testing/quickly.ts";
import { redisProxy } from "./testing/redis-proxy.ts";
import { counted, type StageRig, stageRig } from "./testing/stage-rig.ts";

const server = useRedis();
const lock = "relay:transform-acme:t-a-0:lock";
/** Renewed after a quarter of the lock; this process may be late by another half of it. */
const slowly = { ...quickly, lockMs: 3_000 };
let rig: StageRig;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  rig = stageRig(server.connect());
});
afterEach(async () => {
  await rig.close();
  for (const close of closing.splice(0)) await close();
});

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

test("a run whose lock another worker has got is told, is not counted, and the other one's run is", async () => {
  await rig.add(["t-a-0"]);
  const reasons: unknown[] = [];
  let settledBefore: number | undefined;
  rig.start({
    timing: slowly,
    handle: async ({ signal }) => {
      if (reasons.length > 0) {
        settledBefore = rig.settled.size;
        return ok(counted);
      }
      await rig.redis.set(lock, "another worker", "PX", 1_000);
      return aborted(signal).catch((reason: unknown) => {
        reasons.push(reason);
        throw reason;
      });
    },
  });
  await eventually(() => expect(reasons).toEqual([new Error("the job's lock was lost")]));
  // The other worker never comes back; the job stalls.
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-0"]));
  expect(settledBefore).toBe(0);
  expect((await rig.queue.getJob("t-a-0"))?.attemptsMade).toBe(1);
});

test("while Redis says nothing a run is ended before its lock can run out", async () => {
  await rig.add(["t-a-0"]);
  const redisPid = server.server().pid;
  const ended = Promise.withResolvers<unknown>();
  let runs = 0;
  rig.start({
    timing: quickly,
    handle: ({ signal }) => {
      runs += 1;
      if (runs > 1) return Promise.resolve(ok(counted));
      process.kill(redisPid, "SIGSTOP");
      // A timer, not the clock: when this process is late, both timers are, in their order.
      setTimeout(() => ended.resolve("the lock is about to run out"), 0.9 * quickly.lockMs);
      return aborted(signal).catch((reason: unknown) => {
        ended.resolve(reason);
        throw reason;
      });
    },
  });
  const reason = await ended.promise.finally(() => process.kill(redisPid, "SIGCONT"));
  expect(reason).toEqual(new Error("the job's lock was not renewed in time"));
  await eventually(() => expect(rig.settled.size).toBe(1));
});

test("a job that takes longer than its lock is run once, because the lock is renewed", async () => {
  await rig.add(["t-a-0"]);
  rig.start({
    timing: slowly,
    handle: async ({ signal }) => {
      const begunMs = performance.now();
      await Promise.race([
        eventually(() => expect(performance.now() - begunMs).toBeGreaterThan(1.25 * slowly.lockMs)),
        aborted(signal),
      ]);
      return ok(counted);
    },
  });
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect((await rig.queue.getJob("t-a-0"))?.attemptsStarted).toBe(1);
});

/** Half of a lock's time passes before its worker hears of the job, and `meanwhile` happens. How often was it run? */
const runsWhenLate = async (meanwhile: () => Promise<unknown>): Promise<number> => {
  let runs = 0;
  const lockMs = 1_600;
  const proxy = await redisProxy(server.server().port);
  const far = new Redis(proxy.url, { maxRetriesPerRequest: null });
  const farRig = stageRig(far);
  closing.push(
    () => farRig.close(),
    () => far.disconnect(),
    () => proxy.close(),
  );
  const handle = () => Promise.resolve(ok({ in: ++runs, ok: runs }));
  farRig.start({ timing: { ...quickly, lockMs }, handle });
  const late = proxy.holdAnswers("processedOn");
  await rig.add(["t-a-0"]);
  await late.arrived;
  const takenMs = performance.now();
  // So that it does not run out while this process is late.
  await rig.redis.pexpire(lock, 60_000);
  await eventually(() => expect(performance.now() - takenMs).toBeGreaterThan(lockMs / 2 + 50));
  await meanwhile();
  proxy.releaseAnswers();
  await eventually(() => expect(farRig.settled.size).toBe(1));
  return runs;
};

test("a job that was so long on its way that another worker has it is not run here", async () => {
  expect(await runsWhenLate(() => rig.redis.set(lock, "another worker", "PX", 400))).toBe(1);
  // The first start came to nothing; the second one is after the other worker's end.
  expect(await rig.queue.getJob("t-a-0")).toMatchObject({ attemptsStarted: 2, stalledCounter: 1 });
});

test("a job that was long on its way, and is still ours, is run", async () => {
  expect(await runsWhenLate(() => Promise.resolve())).toBe(1);
  expect(await rig.queue.getJob("t-a-0")).toMatchObject({ attemptsStarted: 1, stalledCounter: 0 });
});
