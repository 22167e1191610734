import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { QueueKind } from "@currents-relay/shared/contracts/jobs.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { eventsAhead } from "./events-ahead.ts";

const server = useRedis();

test("what waits in any stage or is held counts, by its events; quarantine and other workspaces do not", async () => {
  const redis = server.connect();
  const ahead = eventsAhead(redis, "acme");
  expect(await ahead()).toBe(0);
  const put = (kind: QueueKind, id: string, events: number, workspace = "acme") =>
    redisSpool(redis, workspace).put([{ id: id as JobId, kind, payload: Buffer.from("x"), events }]);
  await put("ingest", "i-file-0", 1);
  await put("transform", "t-file-0-1", 20);
  await put("deliver", "d-file-0-1-0", 300);
  await put("deadletter", "d-file-0-1-1", 4_000);
  await put("quarantine", "q-t-file-0-1-x", 50_000);
  await put("deliver", "d-file-0-1-0", 600_000, "other");
  expect(await ahead()).toBe(4_321);
});
