import { createServer } from "node:http";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "@currents-relay/shared/config/schema.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { sweepOnce } from "@currents-relay/shared/spool/sweeper.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import { openWorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import type { Redis } from "ioredis";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { acceptRequests } from "./adapters/http-accept.ts";
import { aBlock, aHeader, clicks } from "./core/avro-writer.testing.ts";
import { ingestStage } from "./main.ts";
import { listening } from "./testing/listening-server.ts";

const server = useRedis();
let redis: Redis;
let context: StageContext;
let logged: string[];
beforeEach(async () => {
  redis = server.connect();
  await redis.ping();
  logged = [];
  context = { redis, log: gatheringLog(logged), metrics: createMetrics() };
});

/** Runs the stage for one workspace with these connectors until the test ends. */
const start = async (connectors: object) => {
  const workspaces = { acme: { segment: { writeKey: "key" }, dedup: { scope: "connector" }, connectors } };
  const stage = ingestStage(context, configSchema.parse({ version: 1, http: { port: 0 }, workspaces }));
  onTestFinished(() => stage.drain(AbortSignal.abort()));
  await stage.start?.();
  return stage;
};
const anAvroFile = (events: number, name: string) => Buffer.concat([aHeader(), aBlock(clicks(events, name))]);
const tally = () => redis.hgetall("relay:tally:acme");

test("a request whose payload the sweeper took during its hand-over is worked on when it is there again", async () => {
  await start({ engagement: { source: { type: "http", tokens: ["a-token-of-acme"] } } });
  const tools = openWorkspaceTools({ ...context, redis: server.connect() }, "acme");
  onTestFinished(() => tools.queues.close());
  const sweep = {
    redis,
    workspace: "acme",
    settle: async () => undefined,
    waits: () => undefined,
    foreign: () => undefined,
  };
  const queues: typeof tools.queues = {
    ...tools.queues,
    add: async (...jobs) => {
      const laterMs = Date.now() + 60_000;
      await sweepOnce({ ...sweep, now: () => laterMs, signal: new AbortController().signal });
      await tools.queues.add(...jobs);
    },
  };
  const spool: typeof tools.spool = {
    ...redisSpool(redis, "acme"),
    missing: async (ids) => {
      // The worker has looked for it by now.
      await eventually(async () =>
        expect(await queues.open("ingest").getJobCountByTypes("delayed", "completed")).toBe(1),
      );
      return tools.spool.missing(ids);
    },
  };
  const lines = ["1", "2"].map((id) => JSON.stringify({ event_type: "users.messages.email.Open", id }));
  const accept = acceptRequests({ workspace: "acme", connector: "engagement" }, { spool, queues });
  await accept({ body: { lines, digest: "d", bytes: 1 }, bytes: 1, nowMs: Date.now() }, new AbortController().signal);
  await eventually(async () => expect(await tally()).toMatchObject({ "ingest|in": "2", "ingest|ok": "2" }));
});

test("files that wait while their folder is away, an empty one in its place, are read when it is back", async () => {
  const place = await mkdtemp(join(tmpdir(), "relay-ingest-"));
  onTestFinished(() => rm(place, { recursive: true, force: true }));
  const [folder, away] = [join(place, "currents"), join(place, "away")];
  await mkdir(folder);
  for (const name of ["a", "b"]) await writeFile(join(folder, `${name}.avro`), anAvroFile(10, name));
  const tools = openWorkspaceTools(context, "acme");
  onTestFinished(() => tools.queues.close());
  const queue = tools.queues.open("ingest");
  await queue.pause();
  const stage = await start({ engagement: { source: { type: "folder", path: folder, poll: "100ms" } } });
  await stage.listedOnce();
  await rename(folder, away);
  await mkdir(folder);
  await queue.resume();
  await eventually(() => expect(logged).toContain("object.gone: it is read only if it comes back"));
  await eventually(async () => expect(await queue.getJobCountByTypes("wait", "active", "completed")).toBe(0));
  await rm(folder, { recursive: true });
  await rename(away, folder);
  await eventually(async () =>
    expect(await tally()).toEqual({ "ingest|in": "20", "ingest|ok": "20", "ingest|file:done": "2" }),
  );
});

/** A bucket that may be listed, and of which nothing may be read. */
const startDeniedBucket = async (objects: number) => {
  let gets = 0;
  const contents = Array.from(
    { length: objects },
    (_, i) =>
      `<Contents><Key>${i}.avro</Key><Size>9</Size><ETag>e${i}</ETag><LastModified>2026-11-20T00:00:00.000Z</LastModified></Contents>`,
  );
  const answering = createServer(({ url = "" }, response) => {
    if (url.includes("list-type=2"))
      return response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`);
    gets += 1;
    return response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
  });
  const { url: endpoint, close } = await listening(answering);
  onTestFinished(close);
  const credentials = { accessKeyId: "a", secretAccessKey: "s" };
  const source = { type: "s3", bucket: "b", region: "us-east-1", endpoint, forcePathStyle: true, credentials };
  return { source, gets: () => gets };
};

test("of objects that were denied once, one is asked for again, however many come", async () => {
  const objects = 6;
  const { source, gets } = await startDeniedBucket(objects);
  await start({ engagement: { source } });
  const tools = openWorkspaceTools({ ...context, redis: server.connect() }, "acme");
  onTestFinished(() => tools.queues.close());
  const queue = tools.queues.open("ingest");
  const allWait = () => eventually(async () => expect(await queue.getDelayedCount()).toBe(objects));
  await allWait();
  expect(gets()).toBe(objects);
  const runs = async () => (await queue.getDelayed()).reduce((sum, { attemptsStarted }) => sum + attemptsStarted, 0);
  await queue.promoteJobs();
  await eventually(async () => expect(await runs()).toBe(2 * objects));
  expect(gets()).toBeLessThan(2 * objects); // one more a second
});
