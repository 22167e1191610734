import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { everyKillPoint, Killed, type KillPoint, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Archive } from "../archive.ts";
import { archiveEntries } from "../archive-entries.ts";
import { bringBack } from "../bring-back.ts";
import type { DeskQueue } from "../core/desk-entry.ts";
import { contentOf } from "../core/quarantine-content.ts";
import { replayEntry } from "../replay-quarantine.ts";
import { folderArchive } from "./archive-folder.ts";
import { archivePorts, bringBackPorts } from "./desk-archive.ts";
import { aLine, type DeskRoom, openDeskRoom, replayPorts } from "./desk.testing.ts";

const server = useRedis();
let room: DeskRoom;
let archive: Archive;
beforeEach(async () => {
  room = openDeskRoom(server.connect());
  const folder = await mkdtemp(join(tmpdir(), "relay-desk-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  archive = folderArchive({ folder, workspace: room.workspace });
});

const never: KillPoint = { call: -1, when: "before" };

const archiveAll = async (queue: DeskQueue, point = never) => {
  const ports = archivePorts(room.redis, room.workspace, { desk: room.desk(queue), archive });
  return archiveEntries(killedAt(ports, point))(await room.entries(queue));
};

const bringAllBack = async (point = never, nowMs = 9_000) => {
  const ports = bringBackPorts(room.redis, room.workspace, { tools: room, archive, now: () => nowMs });
  const results = [];
  for (const { uri } of await archive.list())
    results.push(await bringBack(killedAt({ ...ports, read: archive.read }, point))(uri));
  return results;
};

const none = { entries: 0, events: 0 };

test("dead letters go to one file of the archive and end there", async () => {
  const ids = await room.holdBatches([3, 2]);
  const result = await archiveAll("deadletter");
  expect(result?.ended).toEqual(new Set(ids));
  expect((await archive.list()).map(({ uri }) => uri)).toEqual([result?.uri]);
  expect(await room.entries("deadletter")).toEqual([]);
  expect(await room.tally()).toEqual({ in: 5, archived: 5 });
  expect(await room.status()).toMatchObject({ differences: [], waiting: { held: 0 }, spoolBytes: 0 });
});

test("they come back to the dead letters, in order, with a new window, and once", async () => {
  const [first, second] = await room.holdBatches([3, 2]);
  await archiveAll("deadletter");
  expect(await bringAllBack()).toEqual([{ back: { entries: 2, events: 5 }, before: none, elsewhere: none }]);
  const entries = await room.entries("deadletter");
  expect(entries).toMatchObject([
    { id: `${first}-r1`, events: 3, sinceMs: 9_000, reason: "operator" },
    { id: `${second}-r1`, events: 2 },
  ]);
  const payload = await room.desk("deadletter").payload(`${first}-r1` as JobId);
  expect(contentOf(payload ?? Buffer.alloc(0))).toMatchObject({
    lines: [0, 1, 2].map((i) => ({ eventId: `${first}/${i}` })),
  });
  expect(await bringAllBack()).toEqual([{ back: none, before: { entries: 2, events: 5 }, elsewhere: none }]);
  expect(await room.status()).toMatchObject({
    differences: [],
    waiting: { held: 5 },
    tallies: { deliver: { "restored:archive": 5 } },
  });
});

test("a full Redis does not keep anybody from archiving: it makes room", async () => {
  await room.holdBatches([3, 2]);
  await room.redis.config("SET", "maxmemory", "1");
  onTestFinished(async () => void (await room.redis.config("SET", "maxmemory", "0")));
  expect((await archiveAll("deadletter"))?.ended.size).toBe(2);
});

test("what came back can be archived and brought back again", async () => {
  const [id] = await room.holdBatches([1]);
  for (const round of [1, 2, 3]) {
    await archiveAll("deadletter");
    await bringAllBack();
    expect(await room.entries("deadletter")).toMatchObject([{ id: `${id}-r${round}` }]);
  }
  expect((await room.status()).differences).toEqual([]);
});

test("entries of quarantine come back as they were, whatever is in them, and can be replayed then", async () => {
  const id = await room.setAside([aLine("1"), { ...aLine("2"), message: ",\\n\u2028" }]);
  await room.setAside([], { reason: "truncated" });
  const big = await room.setAside(
    [{ ...aLine("3"), record: { id: "3", kind: "a", text: "€".repeat(600_000) } }],
    {},
    7,
  );
  const before = await room.desk("quarantine").payload(id);
  const bigBefore = await room.desk("quarantine").payload(big);
  await archiveAll("quarantine");
  expect(await room.status()).toMatchObject({ differences: [], waiting: { quarantined: 0 } });
  expect(await bringAllBack()).toEqual([{ back: { entries: 3, events: 3 }, before: none, elsewhere: none }]);
  expect(await room.desk("quarantine").payload(`${id}-r1` as JobId)).toEqual(before);
  expect(await room.desk("quarantine").payload(`${big}-r1` as JobId)).toEqual(bigBefore);
  expect(await room.status()).toMatchObject({ differences: [], waiting: { quarantined: 3 } });
  expect(await replayEntry(replayPorts(room))(`${id}-r1` as JobId)).toMatchObject({ handedOver: 2 });
  expect((await room.status()).differences).toEqual([]);
});

test("a claim that was taken before the archive is still the entry's own", async () => {
  const id = await room.setAside([aLine("1")]);
  const ports = replayPorts(room);
  await expect(replayEntry(killedAt(ports, { call: 1, when: "after" }))(id)).rejects.toThrow(Killed);
  await archiveAll("quarantine");
  await bringAllBack();
  await archiveAll("quarantine");
  await bringAllBack();
  expect(await replayEntry(ports)(`${id}-r2` as JobId)).toMatchObject({ handedOver: 1, duplicates: 0 });
});

test.each([
  ["a chunk", Buffer.from(Array.from({ length: 1_200_000 }, (_, i) => (i === 3 ? 0 : (i * i) % 251)))],
  ["what was left of a damaged payload", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xff, 0x0a, 0xc3])],
])("%s in quarantine keeps its bytes", async (_, chunk) => {
  const id = await room.setAside([aLine("1")], { reason: "poison" });
  await room.redis.del(`relay:spool:acme:${id}`);
  await room.spool.put([{ id, kind: "quarantine", events: 1, payload: chunk }]);
  await archiveAll("quarantine");
  await bringAllBack();
  expect((await room.desk("quarantine").payload(`${id}-r1` as JobId))?.equals(chunk)).toBe(true);
});

test("an entry whose payload is damaged stays, and the others are archived", async () => {
  const [damaged = "" as JobId, good] = await room.holdBatches([3, 2]);
  const stored = await room.redis.getBuffer(`relay:spool:acme:${damaged}`);
  await room.redis.set(`relay:spool:acme:${damaged}`, stored?.subarray(0, -6) ?? "");
  expect((await archiveAll("deadletter"))?.ended).toEqual(new Set([good]));
  expect(await room.entries("deadletter")).toMatchObject([{ id: damaged, events: 3 }]);
});

test("an entry that a replay was interrupted in is not archived", async () => {
  const id = await room.setAside([aLine("1")]);
  await expect(replayEntry(killedAt(replayPorts(room), { call: 4, when: "before" }))(id)).rejects.toThrow(Killed);
  expect(await archiveAll("quarantine")).toBeUndefined();
  expect(await archive.list()).toEqual([]);
});

test("killed at any point while archiving, and then delivered or archived again: nothing comes back that had not gone", async () => {
  await everyKillPoint(async (point) => {
    await room.redis.flushall();
    const folder = await mkdtemp(join(tmpdir(), "relay-desk-"));
    archive = folderArchive({ folder, workspace: room.workspace });
    const ids = await room.holdBatches([3, 2, 1]);
    let ended: "killed" | "ran to the end" = "ran to the end";
    await archiveAll("deadletter", point).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      ended = "killed";
    });
    const left = await room.entries("deadletter");
    // The newest that is left is delivered meanwhile; then the operator goes on.
    const delivered = left.at(-1);
    if (delivered) await room.deliver(delivered);
    await archiveAll("deadletter");
    await bringAllBack();
    const expected = ids.filter((id) => id !== delivered?.id).map((id) => `${id}-r1`);
    expect((await room.entries("deadletter")).map(({ id }) => id).toSorted(), JSON.stringify(point)).toEqual(
      expected.toSorted(),
    );
    expect((await room.status()).differences, JSON.stringify(point)).toEqual([]);
    await rm(folder, { recursive: true });
    return ended;
  });
});

test("killed at any point while bringing back: the next run brings the rest, and all is counted once", async () => {
  const points = await everyKillPoint(async (point) => {
    await room.redis.flushall();
    const folder = await mkdtemp(join(tmpdir(), "relay-desk-"));
    archive = folderArchive({ folder, workspace: room.workspace });
    const ids = await room.holdBatches([3, 2]);
    await archiveAll("deadletter");
    let ended: "killed" | "ran to the end" = "ran to the end";
    await bringAllBack(point).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      ended = "killed";
    });
    await bringAllBack();
    expect(
      (await room.entries("deadletter")).map(({ id }) => id),
      JSON.stringify(point),
    ).toEqual(ids.map((id) => `${id}-r1`));
    expect(await room.status(), JSON.stringify(point)).toMatchObject({
      differences: [],
      waiting: { held: 5 },
      tallies: { deliver: { "restored:archive": 5 } },
    });
    await rm(folder, { recursive: true });
    return ended;
  });
  expect(points).toBeGreaterThan(4);
});
