import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, rereadFileId } from "@currents-relay/shared/core/ids.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SourceObject } from "../ports.ts";
import { feedAgain, type RereadFeed, unreadOf } from "./reread-feed.ts";
import { rereadLedger, type RereadLedger } from "./reread-ledger.ts";

const server = useRedis();
const objectsOf = (count: number, bytes = 1): SourceObject[] =>
  Array.from({ length: count }, (_, n) => ({
    key: `file-${n}`,
    uri: `file:///file-${n}`,
    version: "1",
    bytes,
    landedAtMs: n,
  }));
const reread = { run: "run-1" };
const idOf = (object: SourceObject): FileId => rereadFileId(reread.run, "engagement", object);
const keysOf = (objects: readonly SourceObject[]): string[] => objects.map(({ key }) => key);
const never = new AbortController().signal;

describe("feeding objects that are read again", () => {
  let redis: Redis;
  let queues: WorkspaceQueues;
  let ledger: RereadLedger;
  let nowMs: number;
  let read: string[];
  let changed: string[];
  let inHand: string[];
  beforeEach(() => {
    redis = server.connect();
    queues = openWorkspaceQueues(redis, "acme");
    ledger = rereadLedger(redis, "acme", reread.run);
    nowMs = 77;
    [read, changed, inHand] = [[], [], []];
  });
  afterEach(() => queues.close());

  const feedOf = (objects: readonly SourceObject[]): RereadFeed => ({
    connector: "engagement",
    reread,
    ledger,
    queues,
    objects,
    onProgress: (progress) => {
      read.push(...keysOf(progress.read));
      changed.push(...keysOf(progress.changed));
      inHand = keysOf(progress.inHand);
    },
    now: () => nowMs,
    everyMs: 5,
  });
  const given = async () =>
    (await queues.open("ingest").getJobs(["prioritized"], 0, -1, true)).map(({ data }) => data as IngestJob); // our own
  const finish = (objects: readonly SourceObject[]) =>
    Promise.all(objects.map((object) => ledger.finish(idOf(object))));

  it("gives them in order, some at a time and behind all others; a second run goes on behind the first", async () => {
    const objects = objectsOf(40);
    const stopped = new AbortController();
    const first = feedAgain(feedOf(objects), stopped.signal).catch(() => "stopped");
    await eventually(() => expect(inHand).toEqual(keysOf(objects.slice(0, 32))));
    expect((await given()).map(({ object, landedAtMs }) => [object.key, landedAtMs])).toEqual(
      objects.slice(0, 32).map(({ key }) => [key, 77]),
    );
    await finish(objects.slice(0, 2));
    await eventually(() => expect(inHand).toEqual(keysOf(objects.slice(2, 34))));
    expect(read).toEqual(["file-0", "file-1"]);
    stopped.abort();
    expect(await first).toBe("stopped");

    const unread = await unreadOf(feedOf(objects));
    expect(unread).toEqual(objects.slice(2));
    const second = feedAgain(feedOf(unread), never);
    await finish(objects);
    await second;
    expect(read).toEqual(keysOf(objects));
    expect(await unreadOf(feedOf(objects))).toEqual([]);
    expect(await redis.ttl("relay:reread:acme:run-1")).toBeGreaterThan(29 * 86_400);
  });

  it("gives no more than 64 MiB at a time, and a larger object alone", async () => {
    const objects = [...objectsOf(3, 32 * 1024 * 1024), { ...objectsOf(4, 100 * 1024 * 1024)[3] }] as SourceObject[];
    const done = feedAgain(feedOf(objects), never);
    await eventually(() => expect(inHand).toEqual(["file-0", "file-1"]));
    await finish(objects.slice(0, 2));
    await eventually(() => expect(inHand).toEqual(["file-2"]));
    await finish(objects.slice(2, 3));
    await eventually(() => expect(inHand).toEqual(["file-3"]));
    await finish(objects);
    await done;
  });

  it("does not let some that cannot be read keep the others waiting, nor gives more and more of them", async () => {
    const objects = objectsOf(70);
    const done = feedAgain(feedOf(objects), never);
    await eventually(() => expect(inHand).toHaveLength(32));
    nowMs += 59_999;
    await finish(objects.slice(0, 1));
    await eventually(() => expect(inHand).toHaveLength(32));
    nowMs += 1; // those of the beginning are slow now: 31 of them
    await eventually(() => expect(inHand).toHaveLength(31 + 32));
    nowMs += 60_000;
    await finish(objects.slice(1, 20));
    await eventually(() => expect(inHand).toHaveLength(63 - 19));
    expect(read).toHaveLength(20);
    await finish(objects.slice(20, 40)); // 24 slow ones are left
    await eventually(() => expect(keysOf(objects.slice(64)).every((key) => inHand.includes(key))).toBe(true));
    await finish(objects);
    await done;
    expect(read).toHaveLength(70);
  });

  it("tells which were replaced or deleted before they were read; they are not read again", async () => {
    const objects = objectsOf(3) as [SourceObject, SourceObject, SourceObject];
    const done = feedAgain(feedOf(objects), never);
    await ledger.finish(idOf(objects[1]), "changed");
    await finish([objects[0], objects[2]]);
    await done;
    expect({ read, changed }).toEqual({ read: ["file-0", "file-2"], changed: ["file-1"] });
    expect(await unreadOf(feedOf(objects))).toEqual([]);
    expect(await redis.ttl("relay:reread:acme:run-1:changed")).toBeGreaterThan(29 * 86_400);
  });

  it.each(["unfinished", "changed"] as const)(
    "ends with the signal while Redis does not answer (%s)",
    async (asking) => {
      const objects = objectsOf(1);
      await finish(objects);
      const asked = Promise.withResolvers<void>();
      const silent = () => {
        asked.resolve();
        return new Promise<never>(() => undefined);
      };
      const stopped = new AbortController();
      const done = feedAgain({ ...feedOf(objects), ledger: { ...ledger, [asking]: silent } }, stopped.signal);
      await asked.promise;
      stopped.abort(new Error("stopped"));
      await expect(done).rejects.toThrow("stopped");
    },
  );
});
