import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { deliverJobId, quarantineJobId } from "@currents-relay/shared/core/ids.ts";
import { noteBatches } from "@currents-relay/shared/queues/batch-notes.ts";
import { everyKillPoint, Killed, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { operatorTally } from "../core/desk-tally.ts";
import { replayEntry, type ReplayPorts } from "../replay-quarantine.ts";
import { aLine, chunkId, type DeskRoom, fakeClaims, openDeskRoom, replayPorts } from "./desk.testing.ts";

const server = useRedis();
let room: DeskRoom;
beforeEach(() => {
  room = openDeskRoom(server.connect());
});

test("what maps now goes to deliver, the rest stays, and nothing is counted twice or not at all", async () => {
  const id = await room.setAside([aLine("1"), aLine("2", "b"), aLine("3")]);
  expect(await replayEntry(replayPorts(room))(id)).toEqual({
    handedOver: 2,
    duplicates: 0,
    stays: { "missing-name": { events: 1, message: "still no name" } },
  });
  expect(await room.waitingCalls()).toEqual(["1", "3"]);
  expect(await room.entries("quarantine")).toMatchObject([{ id, events: 1 }]);
  expect(await room.status()).toMatchObject({ differences: [], waiting: { deliver: 2, quarantined: 1 } });
  expect(await room.tally()).toEqual({ "restored:missing-name": 2 });
});

test("a replay that is repeated changes nothing; with a better mapping it takes the rest", async () => {
  const id = await room.setAside([aLine("1"), aLine("2", "b")]);
  const { claim } = fakeClaims();
  await replayEntry(replayPorts(room, { claim }))(id);
  expect(await replayEntry(replayPorts(room, { claim }))(id)).toMatchObject({ handedOver: 0 });
  expect(await replayEntry(replayPorts(room, { claim, kinds: "ab" }))(id)).toMatchObject({ handedOver: 1, stays: {} });
  expect(await replayEntry(replayPorts(room, { claim, kinds: "ab" }))(id)).toMatchObject({ handedOver: 0, stays: {} });
  expect(await room.waitingCalls()).toEqual(["1", "2"]);
  expect(await room.entries("quarantine")).toEqual([]);
  expect(await room.status()).toMatchObject({ differences: [], waiting: { deliver: 2, quarantined: 0 } });
});

test("an id that its own chunk has taken stays, as nobody knows whether it was sent", async () => {
  const from = "t-file-0-2" as JobId;
  const id = await room.setAside([aLine("1"), aLine("2"), aLine("3")], { from });
  const { claim } = fakeClaims(new Map(["1", "3"].map((taken) => [taken, from])));
  const stays = { "partly-sent": { events: 2, message: expect.stringContaining("its own chunk has taken its id") } };
  expect(await replayEntry(replayPorts(room, { claim }))(id)).toEqual({ handedOver: 1, duplicates: 0, stays });
  expect(await room.waitingCalls()).toEqual(["2"]);
  expect(await room.entries("quarantine")).toMatchObject([{ id, events: 2 }]);
  expect((await room.status()).differences).toEqual([]);
});

test("what was set aside of a re-reading meets the ids of that one", async () => {
  const ofReread = { run: "run-1", apart: true } as const;
  const id = await room.setAside([aLine("1")], { ofReread });
  const asked: unknown[] = [];
  const claim: ReplayPorts["claim"] = async (of, _owner, ids) => {
    asked.push([of.connector, of.ofReread]);
    return ids.map(() => true);
  };
  expect(await replayEntry(replayPorts(room, { claim }))(id)).toMatchObject({ handedOver: 1, stays: {} });
  expect(asked).toEqual([["engagement", ofReread]]);
  expect(await room.waitingCalls()).toEqual(["1"]);
});

test("an entry that has ended is not set aside again by its chunk's second run", async () => {
  const lines = [aLine("1")];
  const id = await room.setAside(lines);
  await replayEntry(replayPorts(room))(id);
  await room.setAside(lines);
  expect(await room.entries("quarantine")).toEqual([]);
  expect((await room.status()).waiting.quarantined).toBe(0);
});

test("an id that another event has taken is dropped as a duplicate, and so is its repeat in the same entry", async () => {
  const id = await room.setAside([aLine("1"), aLine("2"), aLine("2"), aLine("2", "b")]);
  const { claim } = fakeClaims(new Map([["1", "another"]]));
  expect(await replayEntry(replayPorts(room, { claim }))(id)).toMatchObject({
    handedOver: 1,
    duplicates: 3,
    stays: {},
  });
  expect(await room.waitingCalls()).toEqual(["2"]);
  expect(await room.status()).toMatchObject({ differences: [], tallies: { deliver: { "dropped:duplicate": 3 } } });
});

test("a later duplicate of what was replayed loses its claim", async () => {
  const { claim, taken } = fakeClaims();
  const id = await room.setAside([aLine("1")]);
  await replayEntry(replayPorts(room, { claim }))(id);
  expect(taken).toEqual(new Map([["1", id]]));
  expect(await claim({ connector: "engagement" }, chunkId(9), ["1"])).toEqual([false]);
});

test("a call that Segment refused goes out as it is, without a claim, even when its connector is gone", async () => {
  const call = { type: "track", messageId: "1", event: "x" };
  const from = "d-file-0-0" as JobId;
  const id = await room.setAside([{ reason: "rejected", eventId: "1", call }], { reason: "rejected", from });
  const { claim, taken } = fakeClaims(new Map([["1", chunkId()]]));
  const ports = { ...replayPorts(room, { claim }), remap: () => undefined };
  expect(await replayEntry(ports)(id)).toMatchObject({ handedOver: 1, stays: {} });
  expect(await room.waitingCalls()).toEqual(["1"]);
  expect(taken.get("1")).toBe(chunkId());
  const [job] = await room.queues.open("deliver").getWaiting();
  expect(job?.data).toEqual({
    v: 1,
    connector: "engagement",
    calls: 1,
    bytes: JSON.stringify(call).length,
    landedAtMs: 1_000,
    origin: { uri: "file:///a.avro", blockOffset: 7 },
  });
});

test("a whole batch that was set aside goes out again", async () => {
  const from = "d-file-0-0" as JobId;
  const id = quarantineJobId(from, "poison");
  await room.setAside([aLine("1")], { reason: "poison", from, events: 2 });
  const calls = ["1", "2"].map((messageId) => JSON.stringify({ type: "track", messageId }));
  await room.redis.del(`relay:spool:acme:${id}`);
  await room.spool.put([{ id, kind: "quarantine", events: 2, payload: Buffer.from(calls.join(",\n")) }]);
  expect(await replayEntry(replayPorts(room))(id)).toMatchObject({ handedOver: 2 });
  expect(await room.waitingCalls()).toEqual(["1", "2"]);
});

const aWholeChunk = async () => {
  const id = await room.setAside([aLine("1"), aLine("2", "b")], { reason: "poison" });
  const lines = [aLine("1"), aLine("2", "b")].map((line) => JSON.stringify(line)).join("\n");
  const payload = Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), Buffer.from(lines)]);
  await room.redis.del(`relay:spool:acme:${id}`);
  await room.redis.del("relay:spool-usage:acme");
  await room.spool.put([{ id, kind: "quarantine", events: 2, payload }]);
  return id;
};

test("a chunk that transform could not end wins the claims that it may have taken then", async () => {
  const id = await aWholeChunk();
  const { claim } = fakeClaims(new Map([["1", chunkId()]]));
  expect(await replayEntry(replayPorts(room, { claim }))(id)).toMatchObject({ handedOver: 1 });
  expect(await room.waitingCalls()).toEqual(["1"]);
  expect(await room.status()).toMatchObject({ differences: [], waiting: { quarantined: 1 } });
  expect(await replayEntry(replayPorts(room, { claim, kinds: "ab" }))(id)).toMatchObject({ handedOver: 1, stays: {} });
});

test.each(["deliver", "deadletter"] as const)(
  "a chunk whose batch has a %s job stays, because nobody knows which events were in it",
  async (kind) => {
    const id = await aWholeChunk();
    const batch = deliverJobId(chunkId(), "00000000", 0);
    await room.queues.add("transform", [{ id: chunkId(), data: {} }]);
    await noteBatches(room.redis, "acme", { chunk: chunkId(), batches: [batch] });
    // Noted, and its chunk was killed before it was handed over.
    expect(await replayPorts(room).wasHandedOver(chunkId())).toBe(false);
    await room.queues.add(kind, [{ id: batch, data: {} }]);
    expect(await replayEntry(replayPorts(room))(id)).toMatchObject({
      handedOver: 0,
      stays: { "partly-sent": { events: 2 } },
    });
  },
);

test("what cannot be replayed says why: the file itself, an event that could not be read, a connector that is gone", async () => {
  const empty = await room.setAside([], { reason: "truncated" });
  expect(await replayEntry(replayPorts(room))(empty)).toMatchObject({ stays: { truncated: { events: 0 } } });
  const unread = await room.setAside([{ reason: "bad-record", message: "x" }], { reason: "bad-record" });
  expect(await replayEntry(replayPorts(room))(unread)).toMatchObject({ stays: { "bad-record": { events: 1 } } });
  const orphan = await room.setAside([aLine("1")]);
  const ports = { ...replayPorts(room), remap: () => undefined };
  expect(await replayEntry(ports)(orphan)).toMatchObject({ stays: { "no-connector": { events: 1 } } });
  expect(await room.entries("quarantine")).toHaveLength(3);
});

test("batches keep Segment's limits", async () => {
  const id = await room.setAside(Array.from({ length: 1_200 }, (_, i) => aLine(`${i}`)));
  expect(await replayEntry(replayPorts(room))(id)).toMatchObject({ handedOver: 1_200 });
  const jobs = await room.queues.open("deliver").getWaiting();
  expect(jobs.map(({ data }) => (data as { calls: number }).calls).toSorted((a, b) => a - b)).toEqual([200, 500, 500]);
  expect((await room.waitingCalls()).length).toBe(1_200);
});

test("killed at any point, with another configuration in the next run: every event arrives once, and all adds up", async () => {
  const points = await everyKillPoint(async (point) => {
    await room.redis.flushall();
    const id = await room.setAside([aLine("1"), aLine("2", "b"), aLine("3", "c"), aLine("1", "b")]);
    const { claim } = fakeClaims();
    let ended: "killed" | "ran to the end" = "ran to the end";
    await replayEntry(killedAt(replayPorts(room, { claim, kinds: "ab" }), point))(id).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      ended = "killed";
    });
    await replayEntry(replayPorts(room, { claim, kinds: "ac" }))(id);
    await replayEntry(replayPorts(room, { claim, kinds: "abc" }))(id);
    expect((await room.waitingCalls()).toSorted(), JSON.stringify(point)).toEqual(["1", "2", "3"]);
    expect(await room.status(), JSON.stringify(point)).toMatchObject({
      differences: [],
      waiting: { deliver: 3, quarantined: 0 },
      tallies: { deliver: { "restored:missing-name": 4, in: 1, "dropped:duplicate": 1 } },
    });
    return ended;
  });
  expect(points).toBeGreaterThan(5);
});

test("what a replay was interrupted in is not ended otherwise by whoever read it before", async () => {
  const id = await room.setAside([aLine("1")]);
  const before = await room.desk("quarantine").find(id);
  const interrupted = killedAt(replayPorts(room), { call: 4, when: "before" });
  await expect(replayEntry(interrupted)(id)).rejects.toThrow(Killed);
  expect(before && (await room.desk("quarantine").end(before, operatorTally(before, "archived")))).toBe(false);
  expect(await room.entries("quarantine")).toMatchObject([{ data: { isLeaving: true } }]);
});

test("operators at once, with different configurations: every event once, whatever the order", async () => {
  const lines = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom("a", "b", "c")), { maxLength: 12 });
  const configurations = fc.array(fc.constantFrom("a", "ab", "bc", "abc"), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(lines, configurations, async (events, operators) => {
      await room.redis.flushall();
      const { claim } = fakeClaims();
      const id = await room.setAside(events.map(([event, kind]) => aLine(String(event), kind)));
      const told = await Promise.all(operators.map((kinds) => replayEntry(replayPorts(room, { claim, kinds }))(id)));
      const calls = await room.waitingCalls();
      expect(new Set(calls).size).toBe(calls.length);
      expect(told.reduce((sum, { handedOver }) => sum + handedOver, 0)).toBe(calls.length);
      const mapped = events.filter(([, kind]) => operators.some((kinds) => kinds.includes(kind)));
      expect(calls.toSorted()).toEqual([...new Set(mapped.map(([event]) => String(event)))].toSorted());
      expect((await room.status()).differences).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
