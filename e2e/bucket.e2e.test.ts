import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStoreServer } from "../packages/ingest/src/testing/store-server.ts";
import { aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
let store: Awaited<ReturnType<typeof startStoreServer>>;
beforeAll(async () => {
  [segment, redis, store] = await Promise.all([startSegmentSim(), startRedisServer(), startStoreServer("s3")]);
});
afterAll(() => Promise.all([segment.stop(), redis.stop(), store.close()]));

const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** Puts everything below the folder into the bucket, under its path. */
const upload = async (folder: string, Bucket: string): Promise<number> => {
  const client = new S3Client({ endpoint: store.url, region: "us-east-1", forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket }));
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".avro"));
  for (const Key of files)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(join(folder, Key)) }));
  client.destroy();
  return files.length;
};

test("two ingest processes on one bucket, each killed in the middle of its objects: every id arrives once", async () => {
  const folder = await aFolder({
    "relay.yaml": `version: 1
redis: { url: "${redis.url}" }
admin: { port: 0 }
workspaces:
  acme:
    segment: { writeKey: acme-key, endpoint: "${segment.url}", settingsEndpoint: "${segment.url}", eventsPerSecond: 8000 }
    spoolBudget: 1MB
    connectors:
      engagement:
        source:
          type: s3
          bucket: currents
          region: us-east-1
          endpoint: "${store.url}"
          forcePathStyle: true
          credentials: { accessKeyId: S3RVER, secretAccessKey: S3RVER }
          poll: 1s
`,
  });
  const eventTypes = ["users.messages.email.Click"];
  const into = join(folder, "made");
  const manifest = await makeCurrents({
    into,
    events: 60_000,
    eventsPerFile: 25_000,
    eventTypes,
    duplicatesShare: 0.01,
  });
  const expected = manifest.readableIds.size;
  const files = await upload(into, "currents");
  const start = (stage: string) => startRelayCommand([stage, "--config", "relay.yaml"], { cwd: folder });

  const client = new Redis(redis.url);
  start("transform");
  start("deliver");
  for (const [share, ingest] of [
    [0.1, start("ingest")],
    [0.3, start("ingest")],
  ] as const) {
    await until(`${share} of all is delivered`, () => segment.ids().size >= share * expected);
    // The spool's budget keeps them in the middle of their objects.
    expect((await readWorkspaceStatus(client, "acme")).filesWaiting).toBeGreaterThan(0);
    ingest.signal("SIGKILL");
    start("ingest");
  }
  await until("every id has arrived", () => segment.ids().size === expected);
  expect(new Set(segment.ids().values())).toEqual(new Set([1]));
  const atRest = async () => {
    const { tallies, filesWaiting, waiting } = await readWorkspaceStatus(client, "acme");
    return filesWaiting === 0 && waiting.transform + waiting.deliver === 0 && tallies.ingest["file:done"] === files;
  };
  await until("all is at rest", atRest);
  await client.quit();

  const again = ["backfill", "--dry-run", "--json", "--config", "relay.yaml"];
  const { code, stdout, stderr } = await runRelay([...again, "--from", "2020-01-01", "--to", "2100-01-01"], {
    cwd: folder,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ objects: files, readBefore: 0, untyped: 0 });
});
