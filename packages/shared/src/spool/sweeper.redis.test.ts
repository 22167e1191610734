import { randomBytes, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueueKind } from "../contracts/jobs.ts";
import type { Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { spoolEntryKey, spoolIndexKey, spoolUsageKey, tallyKey } from "../core/keys.ts";
import { handOverTo } from "../queues/hand-over.ts";
import { type JobEnd, moved } from "../queues/job-end.ts";
import { handWorker } from "../queues/testing/hand-worker.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "../queues/workspace-queues.ts";
import { conservationOf, readWorkspaceStatus } from "../stage/status.ts";
import { useRedis } from "../testing/redis-server.ts";
import { redisSpool, sweepGraceMs } from "./redis-spool.ts";
import { sweepOnce } from "./sweeper.ts";

const workspace = "acme";
const id = "d-file-0-0" as JobId;
const server = useRedis();
let redis: Redis;
let queues: WorkspaceQueues;
let clock: { nowMs: number };

beforeAll(() => {
  redis = server.connect();
  queues = openWorkspaceQueues(redis, workspace);
});
beforeEach(() => {
  clock = { nowMs: 1_000_000 };
  settledAs = [];
  waiting = [];
  foreign = [];
});
afterAll(() => queues.close());

const spool = () => redisSpool(redis, workspace, () => clock.nowMs);
const put = (job = id, kind: QueueKind = "deliver") =>
  spool().put([{ id: job, kind, payload: Buffer.from("payload"), events: 3 }]);
const add = (kind: QueueKind, job = id) => queues.add(kind, [{ id: job, data: {} }]);

/** Takes the next job of the queue and leaves it where `end` says. */
const work = async (kind: QueueKind, end: JobEnd | "in hand" | "delayed" | "failed"): Promise<void> => {
  const worker = handWorker(redis, kind, workspace);
  const job = await worker.take();
  if (!job) throw new Error("a job was to be there");
  if (end === "delayed") await job.moveToDelayed(Date.now() + 600_000, "by-hand");
  else if (end === "failed") {
    job.opts.attempts = 1;
    await job.moveToFailed(new Error("no"), "by-hand");
  } else if (end !== "in hand") {
    if (end === moved) job.opts.removeOnComplete = true; // as stage-worker.ts does
    await worker.complete(job, end);
  }
  await worker.close();
};

const counted = { in: 3, ok: 3 };
let settledAs: QueueKind[] = [];
const settleAs = async (kind: QueueKind, job: JobId, tally: Tally) => {
  settledAs.push(kind);
  await spool().settle(job, kind, kind === "transform" || kind === "ingest" ? kind : "deliver", tally);
};
let waiting: [QueueKind, JobId][] = [];
let foreign: string[] = [];
const sweeping = () => ({
  redis,
  workspace,
  now: () => clock.nowMs,
  settle: settleAs,
  waits: (kind: QueueKind, job: JobId) => void waiting.push([kind, job]),
  foreign: (job: string) => void foreign.push(job),
  signal: AbortSignal.any([]),
});
/** Sweeps when everything that is there is due. */
const sweep = (signal = new AbortController().signal): Promise<number> => {
  clock.nowMs += 86_400_000;
  return sweepOnce({ ...sweeping(), signal });
};
const tally = () => redis.hgetall(tallyKey(workspace));
const isThere = async (job = id): Promise<boolean> => (await spool().missing([job])).length === 0;
const usage = async () => {
  const { bytes = "0", ...events } = await redis.hgetall(spoolUsageKey(workspace));
  return { isEmpty: bytes === "0", ...events };
};

test.each(["waiting", "in hand", "delayed", "failed"] as const)(
  "the entry of a job that is %s stays",
  async (state) => {
    await put();
    await add("deliver");
    if (state !== "waiting") await work("deliver", state);
    expect(await sweep()).toBe(0);
    expect(await isThere()).toBe(true);
    expect(await tally()).toEqual({});
  },
);

test("an entry that no job will read goes, and its use with it", async () => {
  await put();
  expect(await sweep()).toBe(1);
  expect(await isThere()).toBe(false);
  expect(await usage()).toEqual({ isEmpty: true, "events:d": "0" });
  expect(await redis.zcard(spoolIndexKey(workspace))).toBe(0);
});

test("a job that was done when its worker was killed is counted by the sweeper, from its return value", async () => {
  await put();
  await add("deliver");
  await work("deliver", { in: 3, ok: 2, "quarantined:rejected": 1 });
  expect(await sweep()).toBe(1);
  expect(await sweep()).toBe(0);
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "2", "deliver|quarantined:rejected": "1" });
  expect(await spool().read(id, "deliver")).toBeUndefined();
  expect(await redis.zcard(spoolIndexKey(workspace))).toBe(0);
});

test("worker and sweeper that both settle count once", async () => {
  await put();
  await add("deliver");
  await work("deliver", counted);
  await Promise.all([settleAs("deliver", id, counted), sweep(), sweep()]);
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
});

test("what a zombie wrote for a job that was counted goes, and is not counted again", async () => {
  await put();
  await add("deliver");
  await work("deliver", counted);
  const raw = await redis.getBuffer(`relay:spool:${workspace}:${id}`);
  await settleAs("deliver", id, counted);
  await redis.set(`relay:spool:${workspace}:${id}`, raw ?? "");
  await redis.zadd(spoolIndexKey(workspace), 0, id);
  expect(await sweep()).toBe(1);
  expect(await isThere()).toBe(false);
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
});

test("what no relay of this version made stays, is told of, and keeps nothing else from being swept", async () => {
  await put();
  await redis.zadd(spoolIndexKey(workspace), 1, "z-of-a-newer-relay", 1, "constructor");
  await redis.set(spoolEntryKey(workspace, "z-of-a-newer-relay" as JobId), "its payload");
  expect(await sweep()).toBe(1);
  expect(foreign).toEqual(["constructor", "z-of-a-newer-relay"]);
  expect(await spool().missing([id])).toEqual([id]);
  expect(await redis.get(spoolEntryKey(workspace, "z-of-a-newer-relay" as JobId))).toBe("its payload");
  // And it is not looked at all the time.
  expect(await sweepOnce(sweeping())).toBe(0);
  expect(foreign).toHaveLength(2);
  await sweep();
  expect(foreign).toHaveLength(4);
});

test("a new entry is left alone for a while, even if no job has it", async () => {
  await put();
  const look = () => sweepOnce(sweeping());
  expect(await look()).toBe(0);
  clock.nowMs += sweepGraceMs;
  expect(await look()).toBe(1);
});

test("a live entry is looked at again and again, but not all the time", async () => {
  await put();
  await add("deliver");
  const looks: number[] = [];
  const look = async () => {
    await sweepOnce(sweeping());
    looks.push(Number(await redis.zscore(spoolIndexKey(workspace), id)) - clock.nowMs);
  };
  await look();
  clock.nowMs += sweepGraceMs;
  await look();
  await look();
  expect(looks).toEqual([sweepGraceMs, 10_000, 10_000]);
});

test("many live entries cost at most a hundred looks a second", async () => {
  const jobs = Array.from({ length: 1_500 }, (_, i) => ({ id: `d-many-0-${i}` as JobId, data: {} }));
  await spool().put(jobs.map((job) => ({ ...job, kind: "deliver", payload: Buffer.from("x"), events: 1 })));
  await queues.add("deliver", jobs);
  expect(await sweep()).toBe(0);
  const [, first] = await redis.zrange(spoolIndexKey(workspace), "0", "0", "WITHSCORES");
  expect(Number(first) - clock.nowMs).toBe(15_000);
  expect(await spool().missing(jobs.map((job) => job.id))).toEqual([]);
});

test("a sweep that is asked to end does so after the page it is at", async () => {
  const jobs = Array.from({ length: 150 }, (_, i) => `d-many-0-${i}` as JobId);
  await spool().put(jobs.map((job) => ({ id: job, kind: "deliver", payload: Buffer.from("x"), events: 1 })));
  const ending = new AbortController();
  const swept = sweep(ending.signal);
  ending.abort();
  expect(await swept).toBe(100);
});

/** Every state that a batch can be in on its way from the deliver to the dead-letter queue. */
const wayToTheDeadLetters: [string, () => Promise<unknown>][] = [
  ["it is held: its dead letter is there", () => add("deadletter")],
  ["its payload was moved", () => spool().move(id, "deliver", "deadletter")],
  ["the deliver job has ended as moved", () => work("deliver", moved)],
];
test.each([0, 1, 2, 3])(
  "on its way to the dead letters, after step %i, an entry stays and everything adds up",
  async (steps) => {
    await redis.hset(tallyKey(workspace), { "transform|in": 3, "transform|ok": 3, "ingest|in": 3, "ingest|ok": 3 });
    await put();
    await add("deliver");
    for (const [, step] of wayToTheDeadLetters.slice(0, steps)) await step();
    expect(await sweep()).toBe(0);
    expect(await isThere()).toBe(true);
    const status = await readWorkspaceStatus(redis, workspace);
    expect(conservationOf(status)).toEqual({ holds: true, differences: [] });
    expect(status.waiting).toMatchObject(steps < 2 ? { deliver: 3, held: 0 } : { deliver: 0, held: 3 });
    for (const [, step] of wayToTheDeadLetters.slice(steps)) await step();
    await work("deadletter", counted);
    expect(await sweep()).toBe(1);
    expect(settledAs).toEqual(["deadletter"]);
    const end = await readWorkspaceStatus(redis, workspace);
    expect(conservationOf(end)).toEqual({ holds: true, differences: [] });
    expect(end.tallies.deliver).toEqual({ in: 3, ok: 3 });
  },
);

test("a batch that was delivered although its dead letter is there is counted, and the dead letter finds it has left", async () => {
  await put();
  await add("deliver");
  await add("deadletter");
  await work("deliver", counted);
  expect(await sweep()).toBe(1);
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
  expect(await spool().hasLeft(id, "deadletter")).toBe(true);
});

test("what an older relay held, and has a tombstone of in the deliver queue, stays", async () => {
  await put();
  await add("deliver");
  await add("deadletter");
  await spool().move(id, "deliver", "deadletter");
  const worker = handWorker(redis, "deliver", workspace);
  const job = await worker.take();
  if (job) await worker.complete(job, moved);
  await worker.close();
  expect((await queues.open("deliver").getJob(id))?.returnvalue).toBe(moved);
  expect(await sweep()).toBe(0);
  expect(await spool().read(id, "deadletter")).toBeDefined();
});

test("when the dead letter's tombstone is gone, what a late giver put for it goes", async () => {
  await put();
  await add("deliver");
  await work("deliver", moved);
  expect(await sweep()).toBe(1);
  expect(await tally()).toEqual({});
});

test("files, which have no payload, are found by the note that their job leaves", async () => {
  const file = "i-file" as JobId;
  await spool().put([{ id: file, kind: "ingest", payload: Buffer.alloc(0), events: 0 }]);
  await add("ingest", file);
  expect(await sweep()).toBe(0);
  await work("ingest", { in: 9, ok: 9, "file:done": 1 });
  expect(await sweep()).toBe(1);
  expect(await tally()).toEqual({ "ingest|in": "9", "ingest|ok": "9", "ingest|file:done": "1" });
});

test("what is in quarantine is never taken for left over", async () => {
  const aside = "q-t-file-0-poison" as JobId;
  await handOverTo<object>(
    "quarantine",
    spool(),
    queues,
  )([{ id: aside, data: {}, payload: Buffer.from("x"), events: 1 }]);
  expect(await sweep()).toBe(0);
  expect(await isThere(aside)).toBe(true);
});

const large = (job: JobId, kind: QueueKind) => spool().put([{ id: job, kind, payload: randomBytes(2_048), events: 3 }]);

test("what waits, and was not compressed hard, is told of at each look; what is small, shrunk or done is not", async () => {
  const dead = "d-file-0-1" as JobId;
  const text = "d-file-0-2" as JobId;
  const done = "d-file-0-3" as JobId;
  await large(done, "deliver");
  await add("deliver", done);
  await work("deliver", counted);
  await put();
  await large("t-file-0" as JobId, "transform");
  await large(dead, "deadletter");
  const ids = Array.from({ length: 400 }, () => randomUUID()).join(" ");
  await spool().put([{ id: text, kind: "deliver", payload: Buffer.from(ids), events: 3 }]);
  await Promise.all([
    add("deliver"),
    add("transform", "t-file-0" as JobId),
    add("deadletter", dead),
    add("deliver", text),
  ]);
  await sweep();
  const found = [`deadletter ${dead}`, "transform t-file-0", `deliver ${text}`];
  const told = () => waiting.map((one) => one.join(" ")).toSorted((a, b) => found.indexOf(a) - found.indexOf(b));
  expect(told()).toEqual(found);
  await spool().shrink(text, "deliver");
  waiting = [];
  await sweep();
  expect(told()).toEqual(found.slice(0, 2));
});

test("an entry of 2,048 bytes is worth to be shrunk, a smaller one is not", async () => {
  await put();
  await add("deliver");
  const key = spoolEntryKey(workspace, id);
  await redis.set(
    key,
    Buffer.concat([(await redis.getBuffer(key)) ?? Buffer.alloc(0), Buffer.alloc(2_048)]).subarray(0, 2_047),
  );
  await sweep();
  expect(waiting).toEqual([]);
  await redis.append(key, "x");
  await sweep();
  expect(waiting).toEqual([["deliver", id]]);
});
