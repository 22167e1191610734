import { randomBytes, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { beforeEach, expect, test } from "vitest";
import type { QueueKind } from "../contracts/jobs.ts";
import { DamagedPayload } from "../core/damaged-payload.ts";
import type { JobId } from "../core/ids.ts";
import { archivingKey, jobKey, spoolEntryKey, spoolIndexKey, spoolUsageKey, tallyKey } from "../core/keys.ts";
import { useRedis } from "../testing/redis-server.ts";
import { redisSpool } from "./redis-spool.ts";
import type { SpoolEntry } from "./spool.ts";

const workspace = "acme";
const id = "d-file-0-0" as JobId;
const server = useRedis();
let redis: Redis;
const spool = () => redisSpool(redis, workspace);

const anEntry = (overrides: Partial<SpoolEntry> = {}): SpoolEntry => ({
  id,
  kind: "deliver",
  payload: Buffer.from("a payload"),
  events: 3,
  ...overrides,
});
/** What BullMQ writes of a job, as far as the spool looks at it. */
const aJob = (kind: QueueKind, job: JobId = id) => redis.hset(jobKey(kind, workspace, job), "name", kind);
const usage = async (): Promise<Record<string, string>> => {
  const { bytes = "0", ...events } = await redis.hgetall(spoolUsageKey(workspace));
  return { ...events, isEmpty: String(bytes === "0") };
};
const tally = () => redis.hgetall(tallyKey(workspace));

beforeEach(() => {
  redis ??= server.connect();
});

test("what was put is read again, byte for byte", async () => {
  const payload = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * i) % 251));
  const { bytes } = await spool().put([anEntry({ payload })]);
  expect(await spool().read(id)).toEqual(payload);
  expect(bytes).toBe(Number(await redis.hget(spoolUsageKey(workspace), "bytes")));
});

test("putting several costs one command, and putting them again changes nothing", async () => {
  const entries = ["d-a-0-0", "d-a-0-1", "d-a-0-2"].map((name) => anEntry({ id: name as JobId }));
  await spool().put(entries);
  await redis.config("RESETSTAT");
  const { bytes } = await spool().put(entries.map((entry) => ({ ...entry, payload: Buffer.from("another") })));
  expect(await redis.info("commandstats")).toMatch(/cmdstat_evalsha:calls=1,/);
  expect(await spool().read("d-a-0-1" as JobId)).toEqual(Buffer.from("a payload"));
  expect(await usage()).toEqual({ "events:d": "9", isEmpty: "false" });
  expect(bytes).toBe(Number(await redis.hget(spoolUsageKey(workspace), "bytes")));
});

test("a damaged payload says so, and what is left of it can be had", async () => {
  const payload = Buffer.from("a payload of some length, ".repeat(9));
  await spool().put([anEntry({ payload })]);
  expect(await spool().salvage(id)).toEqual(payload);
  const stored = (await redis.getBuffer(spoolEntryKey(workspace, id))) ?? Buffer.alloc(0);
  await redis.set(spoolEntryKey(workspace, id), stored.subarray(0, -6));
  await expect(spool().read(id)).rejects.toThrow(DamagedPayload);
  await expect(spool().read(id)).rejects.toThrow("the payload is damaged in Redis (unexpected end of file)");
  expect(await spool().salvage(id)).toEqual(stored.subarray(5, -6));
  expect(await spool().salvage("d-gone-0-0" as JobId)).toEqual(Buffer.alloc(0));
});

test("only ids without an entry are missing, and one command tells when none is", async () => {
  await spool().put([anEntry(), anEntry({ id: "d-file-0-1" as JobId })]);
  expect(await spool().missing([id, "d-gone-0-0" as JobId, "d-file-0-1" as JobId])).toEqual(["d-gone-0-0"]);
  await redis.config("RESETSTAT");
  expect(await spool().missing([id, "d-file-0-1" as JobId])).toEqual([]);
  expect(await redis.info("commandstats")).toMatch(/cmdstat_exists:calls=1,/);
});

test("settling counts once, however often it is called, and leaves nothing behind", async () => {
  await spool().put([anEntry()]);
  await aJob("deliver");
  const calls = await Promise.all([1, 2, 3].map(() => spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 })));
  expect(calls.map(({ counted }) => counted)).toEqual([true, false, false]);
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
  expect(await usage()).toEqual({ "events:d": "0", isEmpty: "true" });
  expect(await spool().read(id)).toBeUndefined();
  expect(await redis.zcard(spoolIndexKey(workspace))).toBe(0);
});

test("what ended by being archived is not noted as being archived any more, what ended otherwise stays noted", async () => {
  const note = archivingKey(workspace);
  const [archived, sent] = ["d-file-0-0", "d-file-0-1"] as JobId[];
  await spool().put([archived, sent].map((one) => anEntry({ id: one!, kind: "deadletter" })));
  await Promise.all([aJob("deadletter", archived), aJob("deadletter", sent), redis.sadd(note, archived!, sent!)]);
  await spool().settle(archived!, "deadletter", "deliver", { in: 3, archived: 3 });
  await spool().settle(sent!, "deadletter", "deliver", { in: 3, ok: 3 });
  expect(await redis.smembers(note)).toEqual([sent]);
  expect(await tally()).toEqual({ "deliver|in": "6", "deliver|archived": "3", "deliver|ok": "3" });
});

test("an entry without events, as of a torn block or of a whole file, is settled like any other", async () => {
  await spool().put([anEntry({ id: "i-file" as JobId, kind: "ingest", events: 0, payload: Buffer.alloc(0) })]);
  await aJob("ingest", "i-file" as JobId);
  await spool().settle("i-file" as JobId, "ingest", "ingest", { in: 5, ok: 5, "file:done": 1 });
  expect(await tally()).toEqual({ "ingest|in": "5", "ingest|ok": "5", "ingest|file:done": "1" });
  expect(await usage()).toEqual({ "events:i": "0", isEmpty: "true" });
});

test("a job whose tombstone is gone is not counted: nobody knows whether it was", async () => {
  await spool().put([anEntry()]);
  expect(await spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 })).toEqual({ counted: false });
  expect(await tally()).toEqual({});
});

test("a zombie cannot put back the entry of a job that was counted", async () => {
  await spool().put([anEntry()]);
  await aJob("deliver");
  await spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 });
  await spool().put([anEntry()]);
  expect(await spool().missing([id])).toEqual([id]);
  expect(await usage()).toEqual({ "events:d": "0", isEmpty: "true" });
});

test("the entry of a job that is done and not counted yet can be put back, and the settling removes it", async () => {
  await aJob("deliver");
  await spool().put([anEntry()]);
  expect(await spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 })).toEqual({ counted: true });
  expect(await usage()).toEqual({ "events:d": "0", isEmpty: "true" });
});

test("a moved entry keeps its payload, waits under the other queue, and is moved once", async () => {
  await spool().put([anEntry()]);
  await Promise.all([1, 2, 3].map(() => spool().move(id, "deliver", "deadletter")));
  expect(await usage()).toEqual({ "events:d": "0", "events:x": "3", isEmpty: "false" });
  expect(await spool().read(id, "deliver")).toBeUndefined();
  expect(await spool().read(id, "deadletter")).toEqual(Buffer.from("a payload"));
  expect(await spool().read(id)).toEqual(Buffer.from("a payload"));
});

test("an entry that is gone cannot be moved, and moving it makes none", async () => {
  await spool().move(id, "deliver", "deadletter");
  expect(await spool().missing([id])).toEqual([id]);
  expect(await usage()).toEqual({ isEmpty: "true" });
});

const someText = Buffer.from(
  Array.from({ length: 4_000 }, (_, i) => `a line of JSON, number ${(i * i) % 977}\n`).join(""),
);
const bytesInUse = async () => Number(await redis.hget(spoolUsageKey(workspace), "bytes"));
/** Of the size of a batch, which nothing compresses: 41 kB as one string would take 48 of Redis. */
const incompressible = randomBytes(41_000);
const spoolKeys = async () => (await redis.keys("relay:spool:*")).toSorted();

test("an entry in two parts is read, moved, counted and removed as one", async () => {
  const key = spoolEntryKey(workspace, id);
  await spool().put([anEntry({ payload: incompressible })]);
  expect(await spoolKeys()).toEqual([key, `${key}:rest`]);
  expect(await bytesInUse()).toBe((await redis.strlen(key)) + (await redis.strlen(`${key}:rest`)));
  await spool().put([anEntry({ payload: Buffer.from("another") })]);
  await spool().move(id, "deliver", "deadletter");
  expect(await spool().read(id, "deadletter")).toEqual(incompressible);
  await aJob("deadletter");
  await spool().settle(id, "deadletter", "deliver", { in: 3, "dropped:expired": 3 });
  expect(await spoolKeys()).toEqual([]);
  expect(await usage()).toEqual({ "events:d": "0", "events:x": "0", isEmpty: "true" });
});

test("an entry in two parts that fits into one when it is shrunk leaves no second part", async () => {
  // Some 25,250 bytes as it is put, which 24,576 and 768 hold; 20,280 when it is shrunk, as an id takes 16.
  const ids = Array.from({ length: 600 }, () => randomUUID());
  const payload = Buffer.concat([randomBytes(10_500), Buffer.from(ids.join(" "))]);
  await spool().put([anEntry({ payload, kind: "deadletter" })]);
  expect(await spoolKeys()).toHaveLength(2);
  await spool().shrink(id, "deadletter");
  expect(await spoolKeys()).toHaveLength(1);
  expect(await bytesInUse()).toBe(await redis.strlen(spoolEntryKey(workspace, id)));
  expect(await spool().read(id)).toEqual(payload);
});

test("an entry that is shrunk takes less room, is counted by it, and keeps its payload; again changes nothing", async () => {
  await spool().put([anEntry({ payload: someText, kind: "deadletter" })]);
  const before = await bytesInUse();
  await Promise.all([1, 2, 3].map(() => spool().shrink(id, "deadletter")));
  const after = await bytesInUse();
  expect(after).toBeLessThan(before * 0.9);
  expect(await redis.strlen(spoolEntryKey(workspace, id))).toBe(after);
  expect(await spool().read(id, "deadletter")).toEqual(someText);
  await aJob("deadletter");
  await spool().settle(id, "deadletter", "deliver", { in: 3, ok: 3 });
  expect(await bytesInUse()).toBe(0);
});

test("what another queue's job waits for, is gone, or gets no smaller, is not shrunk", async () => {
  await spool().shrink(id, "deadletter");
  expect(await spool().missing([id])).toEqual([id]);
  await spool().put([anEntry({ payload: someText })]);
  const before = await bytesInUse();
  await spool().shrink(id, "deadletter");
  expect(await bytesInUse()).toBe(before);
  const small = "d-file-0-1" as JobId;
  await spool().put([anEntry({ id: small, payload: Buffer.from("x") })]);
  const withSmall = await bytesInUse();
  await spool().shrink(small, "deliver");
  expect(await bytesInUse()).toBe(withSmall);
});

test("an entry that was shrunk is not compressed again, one of more than 8 MB not at all", async () => {
  await spool().put([anEntry({ payload: someText })]);
  await spool().shrink(id, "deliver");
  // Whoever expanded this would throw.
  await redis.setrange(spoolEntryKey(workspace, id), 20, "no frame of zstd");
  await spool().shrink(id, "deliver");
  const large = "d-file-0-1" as JobId;
  const lines = (bytes: number) =>
    Buffer.from(
      randomUUID()
        .repeat(1_000)
        .repeat(Math.ceil(bytes / 36_000)),
    ).subarray(0, bytes);
  await spool().put([anEntry({ id: large, payload: lines(8 * 1024 * 1024 + 1) })]);
  const before = await bytesInUse();
  await spool().shrink(large, "deliver");
  expect(await bytesInUse()).toBe(before);
  const largest = "d-file-0-2" as JobId;
  await spool().put([anEntry({ id: largest, payload: lines(8 * 1024 * 1024) })]);
  const withLargest = await bytesInUse();
  await spool().shrink(largest, "deliver");
  expect(await bytesInUse()).toBeLessThan(withLargest);
});

test("an entry that goes to another queue while it is being shrunk goes there as it was", async () => {
  await spool().put([anEntry({ payload: someText })]);
  const before = await bytesInUse();
  const shrinking = spool().shrink(id, "deliver");
  await spool().move(id, "deliver", "deadletter");
  await shrinking;
  expect(await bytesInUse()).toBe(before);
  expect(await spool().read(id, "deadletter")).toEqual(someText);
});

test("a moved entry is settled from where it lies", async () => {
  await spool().put([anEntry()]);
  await spool().move(id, "deliver", "deadletter");
  await aJob("deadletter");
  await spool().settle(id, "deadletter", "deliver", { in: 3, ok: 3 });
  expect(await usage()).toEqual({ "events:d": "0", "events:x": "0", isEmpty: "true" });
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
});

test("of the jobs of one id in two queues only the first one is counted", async () => {
  await spool().put([anEntry()]);
  await Promise.all([aJob("deliver"), aJob("deadletter")]);
  expect(await spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 })).toEqual({ counted: true });
  expect(await spool().settle(id, "deadletter", "deliver", { in: 3, ok: 3 })).toEqual({ counted: false });
  expect(await tally()).toEqual({ "deliver|in": "3", "deliver|ok": "3" });
  await spool().put([anEntry({ kind: "deadletter" })]);
  expect(await spool().missing([id])).toEqual([id]);
});

test("a queue's job has left when its entry was handed on or counted elsewhere, and not before", async () => {
  await spool().put([anEntry()]);
  await Promise.all([aJob("deliver"), aJob("deadletter")]);
  const left = () => Promise.all([spool().hasLeft(id, "deliver"), spool().hasLeft(id, "deadletter")]);
  expect(await left()).toEqual([false, false]);
  await spool().move(id, "deliver", "deadletter");
  expect(await left()).toEqual([true, false]);
  await spool().settle(id, "deadletter", "deliver", { in: 3, ok: 3 });
  expect(await left()).toEqual([true, true]);
});

test("with Redis out of memory nothing is put, but what is done is settled, and makes room", async () => {
  const withoutEntry = "d-file-0-2" as JobId;
  await spool().put([anEntry({ payload: someText })]);
  await Promise.all([aJob("deliver"), aJob("deliver", withoutEntry)]);
  await redis.config("SET", "maxmemory", 1);
  try {
    await expect(spool().put([anEntry({ id: "d-file-0-1" as JobId })])).rejects.toThrow(/^OOM /);
    await spool().move(id, "deliver", "deadletter");
    const bytes = await bytesInUse();
    await spool().shrink(id, "deadletter");
    expect(await bytesInUse()).toBeLessThan(bytes);
    expect(await spool().settle(id, "deliver", "deliver", { in: 3, ok: 3 })).toEqual({ counted: true });
    expect(await spool().settle(withoutEntry, "deliver", "deliver", { in: 1, ok: 1 })).toEqual({ counted: true });
  } finally {
    await redis.config("SET", "maxmemory", 0);
  }
  expect(await usage()).toEqual({ "events:d": "0", "events:x": "0", isEmpty: "true" });
});
