import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, rereadFileId } from "@currents-relay/shared/core/ids.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { feedAgain, unreadOf } from "./reread-feed.ts";
import { rereadLedger } from "./reread-ledger.ts";

const server = useRedis();
const objects = Array.from({ length: 10 }, (_, n) => ({
  key: `file-${n}`,
  uri: `file:///file-${n}`,
  version: "1",
  bytes: 1,
  landedAtMs: n,
}));
const reread = { run: "run-1" };

test("objects are given in order, a few at a time and behind all others; a second run goes on behind the first", async () => {
  const redis = server.connect();
  const queues = openWorkspaceQueues(redis, "acme");
  const ledger = rereadLedger(redis, "acme", reread.run);
  const ingest = queues.open("ingest");
  const given = async () => (await ingest.getJobs(["prioritized"], 0, -1, true)).map(({ data }) => data as IngestJob); // our own
  const read: string[] = [];
  const feed = {
    connector: "engagement",
    reread,
    ledger,
    queues,
    objects,
    onRead: (some: readonly { key: string }[]) => void read.push(...some.map(({ key }) => key)),
    now: () => 77,
    everyMs: 5,
  };
  const finish = (ids: readonly string[]) => Promise.all(ids.map((id) => ledger.finish(id as FileId)));
  const stopped = new AbortController();
  const first = feedAgain(feed, stopped.signal).catch(() => "stopped");
  await eventually(async () => expect(await given()).toHaveLength(4));
  expect((await given()).map(({ object, landedAtMs }) => [object.key, landedAtMs])).toEqual(
    objects.slice(0, 4).map(({ key }) => [key, 77]),
  );
  await finish((await given()).slice(0, 2).map(({ fileId }) => fileId));
  await eventually(() => expect(read).toEqual(["file-0", "file-1"]));
  stopped.abort();
  expect(await first).toBe("stopped");

  const unread = await unreadOf(feed);
  expect(unread).toEqual(objects.slice(2));
  const second = feedAgain({ ...feed, objects: unread }, new AbortController().signal);
  await finish(objects.map((object) => rereadFileId(reread.run, "engagement", object)));
  await second;
  expect(await unreadOf(feed)).toEqual([]);
  expect(await redis.ttl("relay:reread:acme:run-1")).toBeGreaterThan(29 * 86_400);
  await queues.close();
});
