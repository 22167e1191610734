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
  rig.start({
    timing: quickly,
    handle: async ({ signal }) => {
      if (reasons.length > 0) return ok(counted);
      await rig.redis.set(lock, "another worker", "PX", 1_000);
      return aborted(signal).catch((reason: unknown) => {
        reasons.push(reason);
        throw reason;
      });
    },
  });
  await eventually(() => expect(reasons).toEqual([new Error("the job's lock was lost")]));
  expect(rig.settled.size).toBe(0);
  // The other worker never comes back; the job stalls.
  await eventually(() => expect([...rig.settled.keys()]).toEqual(["t-a-0"]));
  expect((await rig.queue.getJob("t-a-0"))?.attemptsMade).toBe(1);
});

test("while Redis says nothing a run is ended before its lock can run out", async () => {
  await rig.add(["t-a-0"]);
  const redisPid = server.server().pid;
  const startedMs = performance.now();
  const ended = Promise.withResolvers<{ reason: unknown; afterMs: number }>();
  let runs = 0;
  rig.start({
    timing: quickly,
    handle: ({ signal }) => {
      runs += 1;
      if (runs > 1) return Promise.resolve(ok(counted));
      process.kill(redisPid, "SIGSTOP");
      return aborted(signal).catch((reason: unknown) => {
        ended.resolve({ reason, afterMs: performance.now() - startedMs });
        throw reason;
      });
    },
  });
  const { reason, afterMs } = await ended.promise.finally(() => process.kill(redisPid, "SIGCONT"));
  expect(reason).toEqual(new Error("the job's lock was not renewed in time"));
  expect(afterMs).toBeLessThan(quickly.lockMs + 100);
  await eventually(() => expect(rig.settled.size).toBe(1));
});

test("a job that was so long on its way that another worker has it is not run here", async () => {
  const proxy = await redisProxy(server.server().port);
  const far = new Redis(proxy.url, { maxRetriesPerRequest: null });
  const farRig = stageRig(far);
  closing.push(
    () => farRig.close(),
    () => far.disconnect(),
    () => proxy.close(),
  );
  const runs: string[] = [];
  farRig.start({
    timing: { ...quickly, lockMs: 2_000 },
    handle: () => {
      runs.push("far");
      return Promise.resolve(ok(counted));
    },
  });
  const late = proxy.holdAnswers("processedOn");
  await rig.add(["t-a-0"]);
  await late.arrived;
  const takenMs = performance.now();
  await eventually(() => expect(performance.now() - takenMs).toBeGreaterThan(1_100));
  await rig.redis.set(lock, "another worker", "PX", 400);
  proxy.releaseAnswers();
  await eventually(() => expect(rig.settled.size + farRig.settled.size).toBe(1));
  expect(runs).toEqual(["far"]);
  expect((await rig.queue.getJob("t-a-0"))?.attemptsStarted).toBe(2);
});

test("a job that was long on its way, and is still ours, is run", async () => {
  await rig.add(["t-a-0"]);
  const redisPid = server.server().pid;
  process.kill(redisPid, "SIGSTOP");
  rig.start({ timing: quickly, handle: () => Promise.resolve(ok(counted)) });
  const startedMs = performance.now();
  await eventually(() => expect(performance.now() - startedMs).toBeGreaterThan(quickly.lockMs));
  process.kill(redisPid, "SIGCONT");
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect((await rig.queue.getJob("t-a-0"))?.attemptsStarted).toBe(1);
});
