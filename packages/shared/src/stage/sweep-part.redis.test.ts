import { expect, onTestFinished, test } from "vitest";
import type { JobId } from "../core/ids.ts";
import { spoolIndexKey } from "../core/keys.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { startSweeping } from "./sweep-part.ts";
import { openWorkspaceTools } from "./workspace-tools.ts";

const server = useRedis();
const orphan = "d-file-0-0" as JobId;

/** Sweeps a workspace every few milliseconds. */
const sweep = (workspace: string, redis = server.connect()) => {
  const logged: string[] = [];
  const context = { redis, log: gatheringLog(logged), metrics: createMetrics() };
  const tools = openWorkspaceTools(context, workspace);
  const sweeping = startSweeping(context, workspace, tools, 5);
  onTestFinished(async () => {
    await sweeping.stop();
    await tools.queues.close();
  });
  return { redis, logged, tools };
};

test("what a killed process left is swept when it is due", async () => {
  const { redis, tools, logged } = sweep("acme");
  await tools.spool.put([{ id: orphan, kind: "deliver", payload: Buffer.from("payload"), events: 1 }]);
  await redis.zadd(spoolIndexKey("acme"), Date.now() - 1, orphan);
  await eventually(async () => expect(await tools.spool.missing([orphan])).toEqual([orphan]));
  await eventually(() => expect(logged).toContain("spool.swept"));
});

test("an entry that no relay of this version made is told of once", async () => {
  const { redis, logged } = sweep("mixed");
  const index = spoolIndexKey("mixed");
  const look = async () => {
    await redis.zadd(index, 1, "z-of-a-newer-relay");
    await eventually(async () => expect(Number(await redis.zscore(index, "z-of-a-newer-relay"))).toBeGreaterThan(1));
  };
  await look();
  await look();
  expect(logged.filter((line) => line.startsWith("spool.foreign"))).toHaveLength(1);
  expect(logged).not.toContain("spool.sweep-failed");
});

test("a damaged index is told of, and keeps no other workspace from being swept", async () => {
  const damaged = sweep("damaged");
  await damaged.redis.set(spoolIndexKey("damaged"), "no sorted set");
  await eventually(() => expect(damaged.logged).toContain("spool.sweep-failed"));
  const { redis, tools } = sweep("globex", damaged.redis);
  await tools.spool.put([{ id: orphan, kind: "deliver", payload: Buffer.from("payload"), events: 1 }]);
  await redis.zadd(spoolIndexKey("globex"), Date.now() - 1, orphan);
  await eventually(async () => expect(await tools.spool.missing([orphan])).toEqual([orphan]));
});
