import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { spoolUsageKey } from "../core/keys.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "../queues/workspace-queues.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { redisSpool, sweepGraceMs } from "./redis-spool.ts";
import { shrinkWaiting } from "./shrink-waiting.ts";
import { sweepOnce } from "./sweeper.ts";

const workspace = "acme";
const server = useRedis();
let redis: Redis;
let queues: WorkspaceQueues;

beforeAll(() => {
  redis = server.connect();
  queues = openWorkspaceQueues(redis, workspace);
});
afterAll(() => queues.close());

const bytesInUse = async () => Number(await redis.hget(spoolUsageKey(workspace), "bytes"));

test.each([
  ["ingest", "i-file-0-0"],
  ["transform", "t-file-0-0"],
  ["deliver", "d-file-0-0"],
  ["deadletter", "d-file-0-1"],
  ["quarantine", "q-t-file-0-0"],
] as [QueueKind, JobId][])(
  "what waits for %s takes less of Redis after the sweeper saw it, and is read as it was",
  async (kind, id) => {
    const spool = redisSpool(redis, workspace);
    const payload = Buffer.from(Array.from({ length: 200 }, () => `{"id":"${randomUUID()}"}`).join(","));
    await spool.put([{ id, kind, payload, events: 200 }]);
    await queues.add(kind, [{ id, data: {} }]);
    const before = await bytesInUse();
    const ending = new AbortController();
    const waits = shrinkWaiting({ spool, signal: ending.signal, onError: (error) => expect.fail(String(error)) });
    const settle = () => expect.fail("nothing is done");
    const now = () => Date.now() + sweepGraceMs;
    const foreign = () => expect.fail("it is ours");
    await sweepOnce({ redis, workspace, now, settle, waits, foreign, signal: ending.signal });
    await eventually(async () => expect(await bytesInUse()).toBeLessThan(before * 0.85));
    expect(await spool.read(id, kind)).toEqual(payload);
    ending.abort();
  },
);
