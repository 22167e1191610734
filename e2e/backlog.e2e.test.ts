import { join } from "node:path";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { spoolUsageKey } from "@currents-relay/shared/core/keys.ts";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aConfig, aFolder, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
let client: Redis;
beforeEach(async () => {
  segment = await startSegmentSim();
  redis = await startRedisServer();
  client = new Redis(redis.url);
});
afterEach(async () => {
  await segment.stop();
  await client.quit();
  await redis.stop();
});

it("what waits for a stage that is not there is compressed harder after a while, and arrives whole", async () => {
  const folder = await aFolder({ "relay.yaml": aConfig({ segment: segment.url, redis: redis.url }) });
  const manifest = await makeCurrents({
    into: join(folder, "currents"),
    events: 6_000,
    eventTypes: ["users.messages.email.Click"],
    wide: true,
  });
  const usage = async () => {
    const { bytes, ...events } = await client.hgetall(spoolUsageKey("acme"));
    return { bytes: Number(bytes), unmapped: Number(events["events:t"]), ready: Number(events["events:d"]) };
  };
  const start = (stage: string) => startRelayCommand([stage], { cwd: folder });
  const shrinks = async (from: number) =>
    until("it takes a tenth less", async () => (await usage()).bytes < from * 0.9);

  const stages = [start("ingest")];
  await until("all waits for transform", async () => (await usage()).unmapped === 6_000);
  await shrinks((await usage()).bytes);
  stages.push(start("transform"));
  await until("all waits for deliver", async () => (await usage()).ready === 6_000);
  await shrinks((await usage()).bytes);
  stages.push(start("deliver"));
  await until("every event is delivered", () => segment.ids().size === manifest.distinctIds);
  await until("nothing waits", async () => (await usage()).bytes === 0);
  for (const stage of stages) stage.signal("SIGTERM");
  const codes = await Promise.all(stages.map(async (stage) => (await stage.ended).code));
  expect(codes).toEqual([0, 0, 0]);
  expect(new Set(segment.ids().values())).toEqual(new Set([1]));
}, 180_000);
