import type { DeadLetterJob, DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { acceptedBatches } from "@currents-relay/shared/spool/accepted.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { conservationOf, readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { everyKillPoint, Killed, type KillPoint, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { suspectPorts } from "./adapters/suspect-ports.ts";
import { resendSuspects } from "./resend-suspects.ts";

const server = useRedis();
const workspace = "acme";
let room: ReturnType<typeof openRoom>;
beforeEach(() => {
  room = openRoom();
});

const openRoom = () => {
  const redis = server.connect();
  const spool = redisSpool(redis, workspace);
  const queues = openWorkspaceQueues(redis, workspace);
  onTestFinished(() => queues.close());
  const toDeliver = handOverTo<DeliverJob>("deliver", spool, queues);
  const jobOf = (calls: number): DeliverJob => ({
    v: 1,
    connector: "engagement",
    calls,
    bytes: 1,
    landedAtMs: 1,
    origin: { uri: "file:///x.avro", blockOffset: 0 },
  });
  return {
    redis,
    /** One batch that Segment has accepted, with a call for each of the ids. */
    accept: async (batch: string, messageIds: string[]) => {
      const id = `d-${batch}-0` as JobId;
      const calls = messageIds.map((messageId) => JSON.stringify({ type: "track", messageId, event: "Email Opened" }));
      const payload = Buffer.from(calls.join(",\n"));
      await toDeliver([{ id, data: jobOf(calls.length), payload, events: calls.length }]);
      await spool.settle(id, "deliver", "deliver", { in: calls.length, ok: calls.length });
      await redis.lrem(`relay:deliver-${workspace}:wait`, 0, id);
      await redis.hincrby(`relay:tally:${workspace}`, "transform|ok", calls.length);
    },
    suspect: () => acceptedBatches(redis, workspace).suspect(),
    resend: (point: KillPoint = { call: -1, when: "before" }, options: { isDryRun?: boolean; salt?: string } = {}) => {
      const ports = suspectPorts(redis, workspace, { tools: { spool, queues }, now: () => 9_000 });
      return resendSuspects(killedAt(ports, point))({ isDryRun: false, salt: undefined, ...options });
    },
    /** What the dead-letter worker would send, in its order. */
    held: async () => {
      const ids = (await redis.lrange(`relay:deadletter-${workspace}:wait`, 0, -1)).toReversed() as JobId[];
      return Promise.all(ids.map(async (id) => ({ id, calls: await callsOf(id) })));
    },
    heldData: async (id: string) => {
      const data = await redis.hget(`relay:deadletter-${workspace}:${id}`, "data");
      return JSON.parse(data ?? "null") as DeadLetterJob;
    },
    status: async () => {
      const status = await readWorkspaceStatus(redis, workspace);
      return { held: status.waiting.held, suspect: status.suspect, tally: status.tallies.deliver };
    },
    differences: async () => {
      const { differences } = conservationOf(await readWorkspaceStatus(redis, workspace));
      return differences.filter((text) => !text.startsWith("transform: in"));
    },
  };
  async function callsOf(id: JobId): Promise<string[]> {
    const calls = JSON.parse(`[${(await spool.read(id, "deadletter"))?.toString() ?? ""}]`) as { messageId: string }[];
    return calls.map(({ messageId }) => messageId);
  }
};

const anOutage = async () => {
  await room.accept("a", ["1", "2"]);
  await room.accept("b", ["3"]);
  await room.suspect();
};

test("suspects go out again in their order, counted as restored, and are suspects no more", async () => {
  await anOutage();
  expect(await room.resend()).toMatchObject({ batches: 2, events: 3 });
  expect(await room.held()).toEqual([
    { id: "d-a-0-r1", calls: ["1", "2"] },
    { id: "d-b-0-r1", calls: ["3"] },
  ]);
  expect(await room.heldData("d-a-0-r1")).toMatchObject({ heldAtMs: 9_000, connector: "engagement", calls: 2 });
  expect(await room.status()).toMatchObject({ held: 3, suspect: { events: 0 }, tally: { "restored:suspect": 3 } });
  expect(await room.differences()).toEqual([]);
  expect(await room.resend()).toMatchObject({ batches: 0, events: 0, acceptedMs: undefined });
});

test("a dry run counts, and leaves everything as it is", async () => {
  await anOutage();
  expect(await room.resend(undefined, { isDryRun: true })).toMatchObject({ batches: 2, events: 3 });
  expect(await room.status()).toMatchObject({ held: 0, suspect: { events: 3 } });
});

test("with a salt every call gets another messageId, the same one each time", async () => {
  await anOutage();
  await room.resend(undefined, { salt: "again" });
  const ids = (await room.held()).flatMap(({ calls }) => calls);
  expect(ids).toEqual([expect.stringMatching(/^1\.[0-9a-f]{12}$/), expect.stringMatching(/^2\./), expect.any(String)]);
});

test("a kill at any await, and a second run, send every suspect once and count it once", async () => {
  const calls = await everyKillPoint(async (point) => {
    await room.redis.flushall();
    await anOutage();
    const end = await room.resend(point).then(
      () => "ran to the end" as const,
      (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return "killed" as const;
      },
    );
    await room.resend();
    expect((await room.held()).map((batch) => batch.calls)).toEqual([["1", "2"], ["3"]]);
    expect(await room.status()).toMatchObject({ suspect: { events: 0 }, tally: { "restored:suspect": 3 } });
    return end;
  });
  expect(calls).toBe(9);
});
