import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Tally } from "../contracts/tally.ts";
import { ok, type Outcome } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { counted, type StageRig, stageRig } from "./testing/stage-rig.ts";

const server = useRedis();
let rig: StageRig;
beforeEach(() => {
  rig = stageRig(server.connect());
});
afterEach(() => rig.close());

const jobHash = "relay:transform-acme:t-a-0";
const remember = (stalls: number, progress?: object) =>
  rig.redis.hset(jobHash, { stc: stalls, ...(progress && { progress: JSON.stringify(progress) }) });
const progress = async (): Promise<unknown> =>
  JSON.parse((await rig.redis.hget(jobHash, "progress")) ?? "0") as unknown;

test("a job that kills its worker ends in quarantine the fifth time; what was in hand with it is done", async () => {
  const innocent = ["t-a-0", "t-a-1", "t-a-2", "t-a-3"];
  await rig.add(["t-a-0", "t-poison", "t-a-1", "t-a-2", "t-a-3"]);
  const stopped = new AbortController();
  const program = fileURLToPath(new URL("./testing/killed-worker-process.ts", import.meta.url));
  let child: ChildProcess | undefined;
  const running = (async () => {
    for (let starts = 0; !stopped.signal.aborted && starts < 20; starts += 1) {
      child = spawn(process.execPath, [program, server.url()], { stdio: ["pipe", "ignore", "ignore"] });
      await once(child, "exit");
    }
  })();
  try {
    await vi.waitFor(
      async () => expect(Object.keys(await rig.redis.hgetall("ended")).toSorted()).toEqual([...innocent, "t-poison"]),
      { timeout: 25_000, interval: 50 },
    );
    expect(await rig.redis.hgetall("aside")).toEqual({
      "t-poison": "poison: the job ended or stalled its worker 5 times",
    });
    expect(await rig.redis.hget("runs", "t-poison")).toBe("5");
  } finally {
    stopped.abort();
    child?.kill("SIGKILL");
    await running;
  }
});

test("a job that has stalled five times is set aside without being run", async () => {
  await rig.add(["t-a-0"]);
  await remember(5);
  const handle = vi.fn<() => Promise<Outcome<Tally>>>(() => Promise.resolve(ok(counted)));
  rig.start({ handle });
  await eventually(() => expect(rig.settled.get("t-a-0")).toEqual({ in: 1, "quarantined:poison": 1 }));
  expect(rig.aside.get("t-a-0")).toBe("poison: the job ended or stalled its worker 5 times");
  expect(handle).not.toHaveBeenCalled();
});

test("a job that has stalled four times is run once more", async () => {
  await rig.add(["t-a-0"]);
  await remember(4);
  rig.start({ handle: () => Promise.resolve(ok(counted)) });
  await eventually(() => expect(rig.settled.get("t-a-0")).toEqual(counted));
});

test("stalls from before the last progress are not the job's fault", async () => {
  await rig.add(["t-a-0"]);
  await remember(9, { stalls: 5, survivals: 0, value: { at: 3 } });
  rig.start({
    handle: async ({ progress: found, saveProgress }) => {
      await saveProgress({ found });
      return ok(counted);
    },
  });
  await eventually(() => expect(rig.settled.get("t-a-0")).toEqual(counted));
  expect(await progress()).toEqual({ stalls: 9, survivals: 0, value: { found: { at: 3 } } });
});

test("a job that stalled before and now survives for a while is no longer suspected, and keeps its progress", async () => {
  await rig.add(["t-a-0"]);
  await remember(4, { stalls: 0, survivals: 2, value: { at: 3 } });
  const survived = Promise.withResolvers<void>();
  rig.start({ timing: { survivalMs: 20 }, handle: () => survived.promise.then(() => ok(counted)) });
  await eventually(async () => expect(await progress()).toEqual({ stalls: 4, survivals: 3, value: { at: 3 } }));
  survived.resolve();
  await eventually(() => expect(rig.settled.size).toBe(1));
});

test("a job that only ever survives is not forgiven for ever", async () => {
  await rig.add(["t-a-0", "t-a-1"]);
  await remember(4, { stalls: 0, survivals: 15 });
  await rig.redis.hset("relay:transform-acme:t-a-1", "stc", 1);
  const survived = Promise.withResolvers<void>();
  rig.start({ concurrency: 2, timing: { survivalMs: 1 }, handle: () => survived.promise.then(() => ok(counted)) });
  // The other one, taken after it, has survived, so this one has too.
  await eventually(async () =>
    expect(await rig.redis.hget("relay:transform-acme:t-a-1", "progress")).toContain('"survivals":1'),
  );
  expect(await progress()).toEqual({ stalls: 0, survivals: 15 });
  survived.resolve();
  await eventually(() => expect(rig.settled.size).toBe(2));
});

test("a job that ended its worker before begins when others like it, which came along, have been given back", async () => {
  const delayed: number[] = [];
  rig.start({
    concurrency: 3,
    handle: async () => {
      delayed.push(await rig.queue.getDelayedCount());
      return ok(counted);
    },
  });
  await eventually(async () => expect(await rig.redis.info("clients")).toContain("blocked_clients:1\r"));
  const job = { name: "transform", data: "{}", opts: "{}", timestamp: Date.now(), stc: 2 };
  for (const id of ["t-a-0", "t-a-1"]) await rig.redis.hset(`relay:transform-acme:${id}`, job);
  // As BullMQ gives back what was left behind.
  await rig.redis
    .multi()
    .rpush("relay:transform-acme:wait", "t-a-0", "t-a-1")
    .zadd("relay:transform-acme:marker", 0, "0")
    .exec();
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(delayed[0]).toBe(1);
});

test("jobs that ended their worker before run one at a time, and others go on beside them", async () => {
  await rig.add(["t-a-0", "t-a-1", "t-a-2"]);
  await remember(2);
  await rig.redis.hset("relay:transform-acme:t-a-1", "stc", 2);
  const inHand = new Set<string>();
  const together: string[] = [];
  const release = Promise.withResolvers<void>();
  rig.start({
    concurrency: 3,
    handle: async ({ id }) => {
      inHand.add(id);
      together.push([...inHand].toSorted().join(" "));
      if (inHand.size === 2) release.resolve();
      await release.promise;
      inHand.delete(id);
      return ok(counted);
    },
  });
  await eventually(() => expect(rig.settled.size).toBe(3));
  expect(together).not.toContainEqual(expect.stringContaining("t-a-0 t-a-1"));
  expect(together).toContain("t-a-0 t-a-2");
});
