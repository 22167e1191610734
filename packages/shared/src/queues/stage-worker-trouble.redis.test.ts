import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ok, retry } from "../core/outcome.ts";
import { connectRedis } from "../runtime/redis.ts";
import { startRedisServer } from "../runtime/redis-server.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { quickly } from "./testing/quickly.ts";
import { redisProxy } from "./testing/redis-proxy.ts";
import { counted, type StageRig, stageRig } from "./testing/stage-rig.ts";

const server = useRedis({ aof: "always" });
let redis: Redis;
let rig: StageRig;
const connectionLog: string[] = [];
const restoring: (() => unknown)[] = [];
beforeEach(() => {
  connectionLog.length = 0;
  redis = connectRedis(server.url(), gatheringLog(connectionLog));
  rig = stageRig(redis);
});
afterEach(async () => {
  for (const restore of restoring.splice(0).toReversed()) await restore();
  await rig.close();
  redis.disconnect();
});

/** A connection beside the worker's, for the test's own doings. */
const admin = (): Redis => {
  const by = connectRedis(server.url(), gatheringLog([]));
  restoring.push(() => by.disconnect());
  return by;
};
/** Counts from anew; see {@link refused}. */
const refuseFromNowOn = async (by: Redis, refuse: (by: Redis) => Promise<unknown>): Promise<void> => {
  await by.config("RESETSTAT");
  await refuse(by);
  await by.client("SETNAME", "refused");
};
/** Resolves when Redis has refused the worker (not only its connection, which tries a second time) and its probe. */
const refused = async (by: Redis): Promise<void> => {
  await eventually(async () => expect(await by.client("GETNAME")).toBe("refused"));
  // Other errors are no refusals: a script that is sent for the first time is not known.
  const enough = /errorstat_(READONLY|OOM):count=([3-9]|\d\d)/;
  await eventually(async () => expect(await by.info("errorstats")).toMatch(enough));
};
const becomeReplica = (by: Redis): Promise<unknown> => by.replicaof("127.0.0.1", 1);
/** Ways in which Redis refuses what it is asked, and back. */
const refusals: [string, (by: Redis) => Promise<unknown>, (by: Redis) => Promise<unknown>][] = [
  ["out of memory", (by) => by.config("SET", "maxmemory", 1), (by) => by.config("SET", "maxmemory", 0)],
  ["a read-only replica", becomeReplica, (by) => by.replicaof("NO", "ONE")],
  [
    "one where we may not run scripts any more",
    (by) => by.acl("SETUSER", "default", "-evalsha", "-eval"),
    (by) => by.acl("SETUSER", "default", "+@all"),
  ],
];
const seconds = async (count: number): Promise<void> => {
  const untilMs = performance.now() + count * 1_000;
  await eventually(() => expect(performance.now()).toBeGreaterThan(untilMs));
};
test.each(refusals)(
  "a worker waits for a Redis that is %s: no spinning, few lines, unready, and it goes on by itself",
  async (_, refuse, relent) => {
    const by = admin();
    restoring.push(() => relent(by));
    await rig.add(["t-a-0"]);
    await refuse(by);
    await by.config("RESETSTAT");
    const cpuBefore = process.cpuUsage();
    const worker = rig.start({ timing: { wedgedAfterMs: 1_000 }, handle: () => Promise.resolve(ok(counted)) });
    await seconds(3);
    const { user, system } = process.cpuUsage(cpuBefore);
    const stats = await by.info("stats");
    const count = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1]);
    expect((user + system) / 1_000).toBeLessThan(1_000);
    expect(count("total_commands_processed") + count("total_error_replies")).toBeLessThan(300);
    expect(count("total_connections_received")).toBeLessThan(12);
    expect(rig.logged.length + connectionLog.length).toBeLessThan(6);
    expect(worker.isRunning()).toBe(false);
    await relent(by);
    await eventually(() => expect(rig.settled.size).toBe(1));
    expect(worker.isRunning()).toBe(true);
  },
);

test.each(refusals.slice(0, 2))(
  "a job that meets a Redis that is %s waits in hand and goes on, without an attempt",
  async (_, refuse, relent) => {
    const by = admin();
    restoring.push(() => relent(by));
    await rig.add(["t-a-0"]);
    let runs = 0;
    rig.start({
      handle: async () => {
        runs += 1;
        if (runs === 1) await refuseFromNowOn(by, refuse);
        await redis.set("written", runs);
        return ok(counted);
      },
    });
    await refused(by);
    await relent(by);
    await eventually(() => expect(rig.settled.size).toBe(1));
    expect(await redis.get("written")).toBe(String(runs));
    expect(runs).toBeGreaterThan(1);
    expect((await rig.queue.getJob("t-a-0"))?.attemptsMade).toBe(1);
  },
);

test("a job whose end Redis does not record is not run again: its end is recorded later", async () => {
  const by = admin();
  restoring.push(() => by.replicaof("NO", "ONE"));
  await rig.add(["t-a-0", "t-a-1"]);
  const runs: string[] = [];
  rig.start({
    timing: { ...quickly, lockMs: 10_000 },
    handle: async ({ id }) => {
      runs.push(id);
      if (runs.length === 1) await refuseFromNowOn(by, becomeReplica);
      return ok(counted);
    },
  });
  await refused(by);
  expect(rig.settled.size).toBe(0);
  await by.replicaof("NO", "ONE");
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect(runs).toEqual(["t-a-0", "t-a-1"]);
});

test("a retry that Redis does not record is recorded later, and the work is not done again for it", async () => {
  const by = admin();
  restoring.push(() => by.replicaof("NO", "ONE"));
  await rig.add(["t-a-0"]);
  let runs = 0;
  rig.start({
    timing: { ...quickly, lockMs: 10_000 },
    retryWaitsFor: "queue",
    handle: async () => {
      runs += 1;
      if (runs > 1) return ok(counted);
      await refuseFromNowOn(by, becomeReplica);
      return retry(50, new Error("because"));
    },
  });
  await refused(by);
  await by.replicaof("NO", "ONE");
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect(runs).toBe(2);
  expect((await rig.queue.getJob("t-a-0"))?.attemptsMade).toBe(1);
});

test("a worker goes on by itself after Redis was killed and away for longer than BullMQ once could bear", async () => {
  const worker = rig.start({ handle: () => Promise.resolve(ok(counted)) });
  await rig.add(["t-a-0"]);
  await eventually(() => expect(rig.settled.size).toBe(1));
  const cpuBefore = process.cpuUsage();
  await server.server().kill9();
  await seconds(7);
  const { user, system } = process.cpuUsage(cpuBefore);
  await server.server().restart();
  await rig.add(["t-a-1"]);
  await eventually(() => expect(rig.settled.size).toBe(2));
  expect((user + system) / 1_000).toBeLessThan(2_000);
  expect(rig.logged.length + connectionLog.length).toBeLessThan(8);
  expect(worker.isRunning()).toBe(true);
});

test("a Redis that is still loading is waited for", async () => {
  const keys = Array.from({ length: 500 }, (_, i) => [`key-${i}`, "x"]).flat();
  await rig.add(["t-a-0"]);
  await redis.mset(...keys);
  await redis.bgrewriteaof();
  await eventually(async () => expect(await redis.info("persistence")).toMatch(/aof_rewrite_in_progress:0/));
  const own = server.server();
  const { dir, port } = own;
  await own.kill9();
  rig.start({ handle: () => Promise.resolve(ok(counted)) });
  const slow = await startRedisServer({ dir, port, args: ["--key-load-delay", "1500"] });
  restoring.push(() => slow.stop().then(() => own.restart()));
  await eventually(() => expect(rig.settled.size).toBe(1));
  expect(rig.logged.length + connectionLog.length).toBeLessThan(4);
});

test("an answer that is lost when a job ends leaves it to the sweeper, and the job that was fetched with it is run later", async () => {
  const proxy = await redisProxy(server.server().port);
  const far = connectRedis(proxy.url, gatheringLog(connectionLog));
  const farRig = stageRig(far);
  restoring.push(
    () => farRig.close(),
    () => far.disconnect(),
    () => proxy.close(),
  );
  const runs: string[] = [];
  await rig.add(["t-a-0", "t-a-1"]);
  farRig.start({
    timing: quickly,
    handle: ({ id }) => {
      runs.push(id);
      if (runs.length === 1) {
        // The answer to the end of this job brings the next one.
        void proxy.holdAnswers("t-a-1").arrived.then(() => proxy.cut());
      }
      return Promise.resolve(ok(counted));
    },
  });
  await eventually(() => expect([...farRig.settled.keys()]).toEqual(["t-a-1"]));
  expect(runs).toEqual(["t-a-0", "t-a-1"]);
  expect((await rig.queue.getJob("t-a-0"))?.returnvalue).toEqual(counted);
  expect((await rig.queue.getJob("t-a-1"))?.stalledCounter).toBe(1);
});
