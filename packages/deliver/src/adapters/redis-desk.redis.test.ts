import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { ok } from "@currents-relay/shared/core/outcome.ts";
import { startStageWorker } from "@currents-relay/shared/queues/stage-worker.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import fc from "fast-check";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { DeskEntry } from "../core/desk-entry.ts";
import { operatorTally } from "../core/desk-tally.ts";
import { aLine, type DeskRoom, openDeskRoom } from "./desk.testing.ts";

const server = useRedis();
let room: DeskRoom;
beforeEach(() => {
  room = openDeskRoom(server.connect());
});

const drop = (entry: DeskEntry) => room.desk(entry.queue).end(entry, operatorTally(entry, "dropped:by-operator"));

/** A worker that has taken the oldest dead letter and keeps it until the test ends. */
const aWorkerWithOneInHand = async () => {
  const taken = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const worker = startStageWorker({
    workspace: room.workspace,
    kind: "deadletter",
    redis: server.connect(),
    log: createLogger({ level: "silent", terminal: false }),
    concurrency: 1,
    retryWaitsFor: "queue",
    handle: async () => {
      taken.resolve();
      await end.promise;
      return ok({});
    },
    setAside: async () => ({}),
    settle: async () => undefined,
  });
  onTestFinished(async () => {
    end.resolve();
    await worker.drain(new AbortController().signal);
  });
  await taken.promise;
};

test("dead letters are shown oldest first, over any number of pages", async () => {
  const ids = await room.holdBatches([3, 1, 4, 1, 5, 9, 2]);
  const entries = await room.entries("deadletter");
  expect(entries.map(({ id }) => id)).toEqual(ids);
  expect(entries[0]).toMatchObject({
    queue: "deadletter",
    connector: "engagement",
    reason: "unauthorized",
    events: 3,
    sinceMs: 2_000,
    isInHand: false,
  });
});

test("quarantine is shown with since when each entry is there", async () => {
  const beforeMs = Date.now();
  const id = await room.setAside([aLine("1")]);
  const [entry] = await room.entries("quarantine");
  expect(entry).toMatchObject({ id, queue: "quarantine", reason: "missing-name", events: 1 });
  expect(entry?.sinceMs).toBeGreaterThanOrEqual(beforeMs);
});

test("whichever entries end while one goes through them, each of the others is shown once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 14 }), fc.integer({ min: 1, max: 4 }), async (ends, page) => {
      await room.redis.flushall();
      const ids = await room.holdBatches(ends.map(() => 1));
      const shown: JobId[] = [];
      await room.desk("deadletter", page).walk(async (entries) => {
        const ended = new Set<JobId>();
        for (const entry of entries) {
          shown.push(entry.id);
          if (ends[ids.indexOf(entry.id)] && (await drop(entry))) ended.add(entry.id);
        }
        return { ended };
      });
      expect(shown).toEqual(ids);
      const left = ids.filter((_, index) => !ends[index]);
      expect((await room.entries("deadletter")).map(({ id }) => id)).toEqual(left);
    }),
    { numRuns: 30 },
  );
});

test("what comes and goes meanwhile does not keep it from the rest", async () => {
  const ids = await room.holdBatches([1, 1, 1, 1, 1, 1]);
  const shown: JobId[] = [];
  await room.desk("deadletter", 2).walk(async (entries) => {
    shown.push(...entries.map(({ id }) => id));
    if (shown.length === 2) {
      await room.holdBatches([1], "new");
      await room.redis.rpop("relay:deadletter-acme:wait", 2); // as a worker takes them
    }
    return { ended: new Set() };
  });
  expect(shown.slice(0, ids.length)).toEqual(ids);
});

test("it stops when that is enough", async () => {
  await room.holdBatches([1, 1, 1, 1]);
  let pages = 0;
  await room.desk("deadletter", 2).walk(async () => {
    pages += 1;
    return { ended: new Set(), isEnough: true };
  });
  expect(pages).toBe(1);
});

test("a dead letter that is dropped is counted as in and dropped, and its payload goes", async () => {
  const [id = "" as JobId] = await room.holdBatches([5, 2]);
  const entry = await room.desk("deadletter").find(id);
  expect(entry && (await drop(entry))).toBe(true);
  expect(await room.desk("deadletter").payload(id)).toBeUndefined();
  expect(await room.tally()).toEqual({ in: 5, "dropped:by-operator": 5 });
  expect(await room.status()).toMatchObject({ differences: [], waiting: { held: 2 } });
});

test("an entry of quarantine that is dropped comes back to deliver first, and ends there", async () => {
  await room.setAside([aLine("1"), aLine("2")]);
  const [entry] = await room.entries("quarantine");
  expect(entry && (await drop(entry))).toBe(true);
  expect(await room.tally()).toEqual({ "restored:missing-name": 2, in: 2, "dropped:by-operator": 2 });
  expect(await room.status()).toMatchObject({ differences: [], waiting: { quarantined: 0 }, spoolBytes: 0 });
});

test("one that nobody can count is ended without a count", async () => {
  await room.setAside([], { reason: "truncated" });
  const [entry] = await room.entries("quarantine");
  expect(entry && (await drop(entry))).toBe(true);
  expect(await room.tally()).toEqual({});
});

test("ended twice, even at once, it is counted once", async () => {
  const [id = "" as JobId] = await room.holdBatches([5]);
  const entry = await room.desk("deadletter").find(id);
  if (!entry) throw new Error("it is held");
  const ends = await Promise.all([drop(entry), drop(entry), drop(entry)]);
  expect(ends.filter(Boolean)).toHaveLength(1);
  expect(await room.tally()).toEqual({ in: 5, "dropped:by-operator": 5 });
});

test("what a worker has in hand is shown as such, and cannot be ended", async () => {
  const [first, second] = await room.holdBatches([1, 1]);
  await aWorkerWithOneInHand();
  const entries = await room.entries("deadletter");
  expect(entries.map(({ id, isInHand }) => ({ id, isInHand }))).toEqual([
    { id: first, isInHand: true },
    { id: second, isInHand: false },
  ]);
  expect(entries[0] && (await drop(entries[0]))).toBe(false);
  expect(await room.desk("deadletter").payload(first ?? ("" as JobId))).toBeDefined();
  expect(await room.tally()).toEqual({});
});

test("a batch that is still on its way from the deliver queue cannot be ended", async () => {
  const [id = "" as JobId] = await room.holdBatches([1]);
  const entry = await room.desk("deadletter").find(id);
  await room.redis.setrange(`relay:spool:acme:${id}`, 0, "d"); // as before redis-dead-letters.ts has moved the payload
  expect(entry && (await drop(entry))).toBe(false);
  expect(await room.desk("deadletter").payload(id)).toBeUndefined();
  expect(await room.entries("deadletter")).toHaveLength(1);
});

test("an ended batch is not held again by a second run of its deliver job", async () => {
  const [id = "" as JobId] = await room.holdBatches([1]);
  const entry = await room.desk("deadletter").find(id);
  if (entry) await drop(entry);
  await room.holdBatches([1]);
  expect(await room.entries("deadletter")).toEqual([]);
  expect((await room.status()).waiting.held).toBe(0);
});

test("ended jobs go after a day, some with each that ends", async () => {
  const desk = openDeskRoom(room.redis).desk("deadletter");
  const ids = await room.holdBatches([1, 1]);
  const entries = await room.entries("deadletter");
  if (entries[0]) await drop(entries[0]);
  await room.redis.zadd("relay:deadletter-acme:completed", "1", ids[0] ?? "");
  expect(entries[1] && (await desk.end(entries[1], {}))).toBe(true);
  expect(await room.redis.exists(`relay:deadletter-acme:${ids[0]}`)).toBe(0);
  expect(await room.redis.exists(`relay:deadletter-acme:${ids[1]}`)).toBe(1);
  expect(await room.redis.zrange("relay:deadletter-acme:completed", "0", "-1")).toEqual([ids[1]]);
});
