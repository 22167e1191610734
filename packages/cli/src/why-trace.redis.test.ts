import { redisDesk } from "@currents-relay/deliver/adapters/redis-desk.ts";
import { noteRun } from "@currents-relay/ingest/adapters/reread-runs.ts";
import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { QuarantineJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, type JobId, quarantineJobId, transformJobId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { claimScope } from "@currents-relay/transform/adapters/claim-layout.ts";
import { redisClaims } from "@currents-relay/transform/adapters/redis-claims.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DlqRoom } from "./dlq-room.ts";
import { whereaboutsOf } from "./why-text.ts";
import { traceOf } from "./why-trace.ts";

const workspace = "acme";
const chunk = transformJobId("file" as FileId, 0, 2); // a test's own name
const uri = "file:///a.avro";
const chunkData: TransformJob = { v: 1, connector: "engagement", records: 2, landedAtMs: 7, uri };

const dedup = { scope: "workspace", windowMs: 60_000 } as const;

const server = useRedis();
let room: DlqRoom;
beforeEach(async () => {
  const redis = server.connect();
  await redis.flushall();
  const [spool, queues] = [redisSpool(redis, workspace), openWorkspaceQueues(redis, workspace)];
  // Of the settings a trace looks at these alone.
  const settings = { dedup, connectors: { engagement: {} } } as unknown as WorkspaceConfig;
  const desk: DlqRoom["desk"] = (queue) => redisDesk({ redis, workspace, queue, spool });
  room = { redis, workspace, settings, spool, queues, desk };
});
afterEach(() => room.queues.close());

const whereIs = async (eventId: string) => {
  const trace = await traceOf(room, eventId);
  return { ...trace, whereabouts: whereaboutsOf(trace) };
};

const claimAs = (scope: string, owner: JobId, ids: string[]) =>
  redisClaims(room.redis, { scope, windowMs: dedup.windowMs })(owner, ids);
const claim = (...ids: string[]) => claimAs(workspace, chunk, ids);

test("an event that transform has set aside is found, also where it is not the first of its entry", async () => {
  const data: QuarantineJob = {
    v: 1,
    connector: "engagement",
    reason: "missing-name",
    detail: "the custom event has no name",
    events: 2,
    origin: { uri, blockOffset: 9, recordIndex: 0 },
    eventId: "first",
    landedAtMs: 7,
    from: chunk,
  };
  const lines = ["first", "second"].map((eventId) => JSON.stringify({ eventId, reason: data.reason }));
  const payload = Buffer.from(lines.join("\n"));
  const id = quarantineJobId(chunk, data.reason);
  await handOverTo<QuarantineJob>("quarantine", room.spool, room.queues)([{ id, data, payload, events: 2 }]);
  for (const eventId of ["first", "second"])
    expect(await whereIs(eventId)).toMatchObject({
      whereabouts: "quarantined",
      quarantined: { id, reason: "missing-name", detail: "the custom event has no name", uri },
    });
  expect(await whereIs("secon")).toMatchObject({ whereabouts: "unknown", entriesNotSeen: 0 });
});

test("an event whose chunk was taken and is still under way is on its way, and its file is named", async () => {
  await room.queues.add("transform", [{ id: chunk, data: chunkData }]);
  await claim("taken");
  expect(await whereIs("taken")).toMatchObject({ whereabouts: "waiting", chunk, uri, connector: "engagement" });
  expect(await whereIs("other")).toMatchObject({ whereabouts: "unknown" });
});

test("an event that was taken by a chunk that nobody knows any more was taken", async () => {
  await claim("long-ago");
  expect(await whereIs("long-ago")).toMatchObject({ whereabouts: "taken", takenAtMs: expect.any(Number) });
});

test("what was read again apart from all else is found beside the first time, the newest first, and also without that", async () => {
  const scopeOf = (run: string) => claimScope(workspace, dedup, { connector: "engagement", run });
  const again = transformJobId("again" as FileId, 0, 1); // a test's own name
  await claim("both");
  await claimAs(scopeOf("run-1"), chunk, ["both", "only-again"]);
  await claimAs(scopeOf("run-2"), again, ["both"]);
  await claimAs(scopeOf("nobody-noted"), again, ["both"]);
  await noteRun(room.redis, workspace, "run-1", Date.now() - 20 * 86_400_000);
  await noteRun(room.redis, workspace, "run-2");
  const data: TransformJob = { ...chunkData, uri: "file:///b.avro", reread: { run: "run-2", apart: true } };
  await room.queues.add("transform", [{ id: again, data }]);
  const both = await whereIs("both");
  expect(both.again).toMatchObject([{ run: "run-2", chunk: again, uri: "file:///b.avro" }, { run: "run-1" }]);
  expect([both.takenAtMs, both.whereabouts]).toEqual([expect.any(Number), "taken"]);
  expect(await whereIs("only-again")).toMatchObject({ whereabouts: "taken", batches: [], again: [{ run: "run-1" }] });
  expect(await whereIs("never")).toMatchObject({ whereabouts: "unknown", again: [] });
});
