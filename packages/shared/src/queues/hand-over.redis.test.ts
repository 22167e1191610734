import { array, assert, asyncProperty, boolean, constantFrom } from "fast-check";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Parcel } from "../contracts/parcel.ts";
import type { JobId } from "../core/ids.ts";
import { completedKey, jobKey, spoolEntryKey, spoolIndexKey, spoolUsageKey, tallyKey } from "../core/keys.ts";
import { redisSpool } from "../spool/redis-spool.ts";
import { sweepOnce } from "../spool/sweeper.ts";
import { everyKillPoint, Killed, killedAt } from "../testing/kill-points.ts";
import { useRedis } from "../testing/redis-server.ts";
import { handOverTo } from "./hand-over.ts";
import { type HandWorker, handWorker } from "./testing/hand-worker.ts";
import { actor, gatedRedis } from "./testing/turns.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "./workspace-queues.ts";

const workspace = "acme";
const server = useRedis();
let redis: Redis;
let queues: WorkspaceQueues;
let worker: HandWorker;

beforeAll(() => {
  redis = server.connect();
  queues = openWorkspaceQueues(redis, workspace);
  worker = handWorker(redis, "transform", workspace);
});
afterAll(async () => {
  await worker.close();
  await queues.close();
});

const spool = () => redisSpool(redis, workspace);
const aParcel = (name: string): Parcel<{ n: number }> => ({
  id: `t-${name}` as JobId,
  data: { n: 1 },
  payload: Buffer.from(`payload of ${name}`),
  events: 2,
});
const parcels = ["a-0", "a-1"].map(aParcel);
const waiting = () => queues.open("transform").getWaiting();
const settle = (by: Redis, id: JobId) =>
  redisSpool(by, workspace).settle(id, "transform", "transform", { in: 2, ok: 2 });
let sweeps = 0;
/** A sweeper who comes a day after the last one: every entry is due. */
const sweep = (by: Redis) => {
  const nowMs = Date.now() + ++sweeps * 86_400_000;
  return sweepOnce({
    redis: by,
    workspace,
    now: () => nowMs,
    settle: async (_kind, id) => void (await settle(by, id)),
    waits: () => undefined,
    foreign: () => undefined,
    signal: new AbortController().signal,
  });
};

/** Does all the work that waits; answers with the payloads that it saw. */
const consumeAll = async (): Promise<string[]> => {
  const seen: string[] = [];
  for (let job = await worker.take(); job; job = await worker.take()) {
    const payload = await spool().read(job.id as JobId);
    seen.push(payload?.toString() ?? `nothing for ${job.id}`);
    await worker.complete(job, { in: 2, ok: 2 });
    await settle(redis, job.id as JobId);
  }
  return seen;
};
const leftBehind = async () => ({
  entries: await redis.keys(spoolEntryKey(workspace, "*" as JobId)),
  index: await redis.zcard(spoolIndexKey(workspace)),
  usage: [...new Set(await redis.hvals(spoolUsageKey(workspace)))],
});
const nothing = { entries: [], index: 0, usage: ["0"] };

test("payloads are there before their jobs, in order, and the answer says how full the spool is", async () => {
  const handOver = handOverTo<{ n: number }>("transform", spool(), {
    ...queues,
    add: async (...args) => {
      expect(await spool().missing(parcels.map(({ id }) => id))).toEqual([]);
      await queues.add(...args);
    },
  });
  const { spoolBytes } = await handOver(parcels);
  expect(spoolBytes).toBe(Number(await redis.hget(spoolUsageKey(workspace), "bytes")));
  expect(await consumeAll()).toEqual(["payload of a-0", "payload of a-1"]);
});

test("handing over nothing asks Redis for nothing", async () => {
  await redis.config("RESETSTAT");
  await handOverTo<{ n: number }>("transform", spool(), queues)([]);
  expect(await redis.info("commandstats")).not.toMatch(/cmdstat_(eval|evalsha|exists):/);
});

test("work that is put first comes before what waits, in its own order", async () => {
  const handOver = handOverTo<{ n: number }>("transform", spool(), queues);
  await handOver(["a-0", "a-1"].map(aParcel));
  await handOver(["b-0", "b-1"].map(aParcel), "first");
  expect(await consumeAll()).toEqual(["b-0", "b-1", "a-0", "a-1"].map((name) => `payload of ${name}`));
});

test("handing over again changes nothing, whether the work waits, is in hand, or is done", async () => {
  const handOver = handOverTo<{ n: number }>("transform", spool(), queues);
  await handOver(parcels);
  const inHand = await worker.take();
  await handOver(parcels);
  expect(await waiting()).toHaveLength(1);
  if (inHand) await worker.putBack(inHand);
  expect(await consumeAll()).toHaveLength(2);
  await handOver(parcels);
  expect(await waiting()).toHaveLength(0);
  expect(await leftBehind()).toEqual(nothing);
  expect(await redis.hgetall(tallyKey(workspace))).toEqual({ "transform|in": "4", "transform|ok": "4" });
});

test("a kill before or after any step loses nothing once the giver has run again, and leaves nothing when all is done", async () => {
  const steps = await everyKillPoint(async (point) => {
    await redis.flushall();
    const ports = killedAt({ put: spool().put, add: queues.add, missing: spool().missing }, point);
    const handOver = handOverTo<{ n: number }>("transform", { ...spool(), ...ports }, { ...queues, add: ports.add });
    const isKilled = await handOver(parcels).then(
      () => false,
      (error: unknown) => {
        if (error instanceof Killed) return true;
        throw error;
      },
    );
    await sweep(redis);
    await handOverTo<{ n: number }>("transform", spool(), queues)(parcels);
    expect(await consumeAll()).toEqual(["payload of a-0", "payload of a-1"]);
    expect(await leftBehind()).toEqual(nothing);
    return isKilled ? "killed" : "ran to the end";
  });
  expect(steps).toBe(3);
});

test("what a killed giver left, and nobody runs again, the sweeper takes", async () => {
  await spool().put(parcels.map((parcel) => ({ ...parcel, kind: "transform" })));
  expect(await sweep(redis)).toBe(2);
  expect(await leftBehind()).toEqual(nothing);
});

test("a sweeper between the payload and its job takes it, and the giver puts it back", async () => {
  const slow = { ...queues, add: async (...args: Parameters<WorkspaceQueues["add"]>) => {
    expect(await sweep(redis)).toBe(2);
    await queues.add(...args);
  } }; // prettier-ignore
  await handOverTo<{ n: number }>("transform", spool(), slow)(parcels);
  expect(await consumeAll()).toEqual(["payload of a-0", "payload of a-1"]);
  expect(await leftBehind()).toEqual(nothing);
});

/** Who acts next. "kill" ends the giver where it stands and starts it again. */
const turns = array(constantFrom("giver", "zombie", "sweeper", "sweeper", "worker", "kill"), { maxLength: 60 });

test("in whatever order giver, zombie, sweepers and worker act, no live job is without its payload, and nothing is left", async () => {
  const give = () =>
    actor(async (gate) => {
      const gated = {
        ...queues,
        add: (...args: Parameters<WorkspaceQueues["add"]>) => gate().then(() => queues.add(...args)),
      };
      await handOverTo<{ n: number }>("transform", redisSpool(gatedRedis(redis, gate), workspace), gated)(parcels);
    });
  const sweeping = () => actor((gate) => sweep(gatedRedis(redis, gate)).then(() => undefined));
  const working = (seen: Set<string>, isSettling: boolean) =>
    actor(async (gate) => {
      await gate();
      const job = await worker.take();
      if (!job) return;
      const by = gatedRedis(redis, gate);
      const payload = await redisSpool(by, workspace).read(job.id as JobId);
      if (!payload) return worker.putBack(job);
      seen.add(payload.toString());
      await worker.complete(job, { in: 2, ok: 2 });
      if (isSettling) await settle(by, job.id as JobId);
    });

  await assert(
    asyncProperty(turns, boolean(), async (order, isSettling) => {
      await redis.flushall();
      const seen = new Set<string>();
      const actors = { giver: give(), zombie: give(), sweeper: sweeping(), worker: working(seen, isSettling) };
      for (const who of order) {
        if (who === "kill") {
          await actors.giver.kill();
          actors.giver = give();
        } else if (!(await actors[who].step())) {
          if (who === "sweeper") actors.sweeper = sweeping();
          if (who === "worker") actors.worker = working(seen, isSettling);
          if (who === "giver") await expectLiveJobsToHavePayloads();
        }
      }
      await actors.worker.finish();
      await actors.giver.finish();
      await expectLiveJobsToHavePayloads();
      await actors.sweeper.finish();
      await expectLiveJobsToHavePayloads();
      for (const payload of await consumeAll()) seen.add(payload);
      await actors.zombie.finish();
      await sweep(redis);
      expect([...seen].toSorted()).toEqual(["payload of a-0", "payload of a-1"]);
      expect(await leftBehind()).toEqual(nothing);
      expect(await redis.hgetall(tallyKey(workspace))).toEqual({ "transform|in": "4", "transform|ok": "4" });
    }),
    { numRuns: 100 },
  );
});

const expectLiveJobsToHavePayloads = async (): Promise<void> => {
  for (const { id } of parcels) {
    const isLive =
      (await redis.exists(jobKey("transform", workspace, id))) === 1 &&
      (await redis.zscore(completedKey("transform", workspace), id)) === null;
    if (isLive) expect(await spool().missing([id])).toEqual([]);
  }
};
