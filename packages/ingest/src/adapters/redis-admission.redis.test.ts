import { configSchema } from "@currents-relay/shared/config/schema.ts";
import { spoolUsageKey } from "@currents-relay/shared/core/keys.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, onTestFinished, test } from "vitest";
import { watchAdmission } from "./redis-admission.ts";

const server = useRedis();
const workspace = {
  segment: { writeKey: "key" },
  spoolBudget: "1MB",
  connectors: { engagement: { source: { type: "folder", path: "/currents" } } },
};
const aConfig = (memoryBudget?: string) =>
  configSchema.parse({
    version: 1,
    redis: { url: "redis://127.0.0.1:1", ...(memoryBudget && { memoryBudget }) },
    workspaces: { acme: workspace, globex: workspace },
  });

const watch = async (memoryBudget?: string) => {
  const redis = server.connect();
  const logged: string[] = [];
  const metrics = createMetrics();
  const admission = watchAdmission({ redis, log: gatheringLog(logged), metrics, config: aConfig(memoryBudget) });
  onTestFinished(() => admission.stop());
  admission.start();
  const paused = async () => {
    const { values } = await metrics.ingestPaused.get();
    return values.filter(({ value }) => value === 1).map(({ labels }) => labels);
  };
  return { redis, admission, logged, paused, metrics };
};

test("a workspace over its spool budget is paused, its neighbour is not, and it goes on when there is room", async () => {
  const { redis, admission, logged, paused } = await watch();
  await redis.hset(spoolUsageKey("acme"), "bytes", 2_000_000);
  await eventually(() => expect(admission.of("acme")).toEqual({ objects: "spool-budget", requests: "spool-budget" }));
  expect(admission.of("globex")).toEqual({ objects: "open", requests: "open" });
  expect(await paused()).toEqual([
    { workspace: "acme", what: "objects", reason: "spool-budget" },
    { workspace: "acme", what: "requests", reason: "spool-budget" },
  ]);
  await redis.hset(spoolUsageKey("acme"), "bytes", 100);
  await eventually(() => expect(admission.of("acme")).toEqual({ objects: "open", requests: "open" }));
  expect(await paused()).toEqual([]);
  expect(logged.filter((line) => line.startsWith("ingest."))).toHaveLength(4);
});

test("what the gauges say is told again after a change of the configuration", async () => {
  const { redis, admission, paused, metrics } = await watch();
  const told = async () => (await metrics.ingestPaused.get()).values.length;
  await redis.hset(spoolUsageKey("globex"), "bytes", 2_000_000);
  await eventually(async () => expect(await paused()).toHaveLength(2));
  expect(await told()).toBe(8);
  admission.apply(aConfig());
  expect(await told()).toBe(0);
  await eventually(async () => expect(await told()).toBe(8));
  expect(await paused()).toHaveLength(2);
});

test("with Redis nearly full by its maxmemory, or by the budget that is given, nobody brings more in", async () => {
  const full = { objects: "redis-memory", requests: "redis-memory" };
  const { redis, admission } = await watch();
  await redis.config("SET", "maxmemory", 1_000_000); // an empty Redis uses more
  onTestFinished(() => redis.config("SET", "maxmemory", 0).then(() => undefined));
  await eventually(() => expect(admission.of("globex")).toEqual(full));
  await redis.config("SET", "maxmemory", 0);
  await eventually(() => expect(admission.of("globex")).toEqual({ objects: "open", requests: "open" }));
  await redis.set("ballast", "x".repeat(20_000_000));
  const budgeted = await watch("16MB");
  await eventually(() => expect(budgeted.admission.of("acme")).toEqual(full));
});
