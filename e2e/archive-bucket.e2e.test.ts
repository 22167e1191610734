import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStoreServer } from "../packages/ingest/src/testing/store-server.ts";
import { aConfig, aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
let store: Awaited<ReturnType<typeof startStoreServer>>;
beforeAll(async () => {
  [segment, redis, store] = await Promise.all([
    startSegmentSim(),
    startRedisServer({ aof: "no" }),
    startStoreServer("s3"),
  ]);
});
afterAll(() => Promise.all([segment.stop(), redis.stop(), store.close()]));

interface Answer {
  archived?: { events: number };
  back?: { events: number };
  before?: { events: number };
  files: unknown;
}

test("held events go to a bucket by a command, and come back from there and are delivered, each once", async () => {
  const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
  const client = new S3Client({ endpoint: store.url, region: "us-east-1", forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: "held" }));
  client.destroy();
  const place = `{ bucket: held, prefix: relay, region: us-east-1, endpoint: "${store.url}", forcePathStyle: true, credentials: { accessKeyId: S3RVER, secretAccessKey: S3RVER } }`;
  const folder = await aFolder({
    "relay.yaml": aConfig({
      segment: segment.url,
      redis: redis.url,
      more: [`expiry: { after: 48h, then: archive, archive: { s3: ${place} } }`],
    }).replace("settingsEndpoint", "credentialCheckEvery: 1s, settingsEndpoint"),
  });
  const ask = async (...words: string[]): Promise<Answer> => {
    const { stdout, stderr } = await runRelay([...words, "--json"], { cwd: folder });
    expect(stdout, stderr).not.toBe("");
    return JSON.parse(stdout) as Answer;
  };
  segment.control({ keys: ["another-key"] });
  startRelayCommand(["start"], { cwd: folder });
  const eventTypes = ["users.messages.email.Open"];
  const { readableIds } = await makeCurrents({ into: join(folder, "currents"), events: 900, eventTypes, seed: 1 });
  const held = async () => {
    const { stdout } = await runRelay(["status", "--json"], { cwd: folder });
    return (JSON.parse(stdout) as { workspaces: { waiting: { held: number } }[] }).workspaces[0]?.waiting.held;
  };
  await until("all are held", async () => (await held()) === readableIds.size);

  let archived = 0;
  // The oldest one may be in the worker's hands for a moment.
  await until("all are archived", async () => {
    archived += (await ask("dlq", "archive", "--queue", "deadletter")).archived?.events ?? 0;
    return archived === readableIds.size;
  });
  expect(await held()).toBe(0);
  segment.control({ keys: null });
  const back = await ask("dlq", "replay", "--from-archive", "s3://held/relay");
  expect(back.back?.events).toBe(readableIds.size);
  await until("all are delivered", () => segment.ids().size === readableIds.size);
  const again = await ask("dlq", "replay", "--from-archive", "s3://held/relay");
  expect([again.back?.events, again.before?.events]).toEqual([0, readableIds.size]);
  expect(new Set(segment.ids().values())).toEqual(new Set([1]));
  const nowhere = await runRelay(["dlq", "replay", "--from-archive", "s3://not-there"], { cwd: folder });
  expect([nowhere.code, nowhere.stderr]).toEqual([66, expect.stringContaining("not-there") as string]);
});
