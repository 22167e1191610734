import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { configSchema, type RelayConfig } from "@currents-relay/shared/config/schema.ts";
import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import type { Redis } from "ioredis";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Admission } from "../core/admission.ts";
import { linesOf } from "../core/request-body.ts";
import { httpSource } from "./http-source.ts";

const server = useRedis();
let redis: Redis;
let admission: Admission;
beforeEach(async () => {
  redis = server.connect();
  await redis.ping();
  admission = { objects: "open", requests: "open" };
});

const token = "a-token-of-acme";
const aConfig = (tokens = [token], more: object = {}): RelayConfig =>
  configSchema.parse({
    version: 1,
    http: { port: 0, bodyLimit: "20KB", requestTimeout: "2s" },
    workspaces: {
      acme: {
        segment: { writeKey: "key" },
        connectors: { engagement: { source: { type: "http", tokens, ...more } } },
      },
    },
  });

const open = async (config = aConfig()) => {
  const logged: string[] = [];
  const metrics = createMetrics();
  const source = httpSource({ redis, log: gatheringLog(logged), metrics }, { of: () => admission });
  onTestFinished(() => source.drain(AbortSignal.abort()));
  await source.apply(config);
  const url = `http://127.0.0.1:${source.port()}`;
  const post = async (
    body: string | Buffer,
    { path = "/v1/currents/acme/engagement", auth = `Bearer ${token}`, headers = {} } = {},
  ) => {
    const answer = await fetch(url + path, { method: "POST", body, headers: { authorization: auth, ...headers } });
    const text = await answer.text();
    return { status: answer.status, text, retryAfter: answer.headers.get("retry-after") };
  };
  const counted = async () => {
    const { values } = await metrics.httpRequests.get();
    const some = values.filter(({ value }) => value > 0);
    return Object.fromEntries(some.map(({ labels, value }) => [labels.answer, value]));
  };
  return { source, url, post, counted, logged, port: source.port() ?? 0 };
};

const events = (...ids: string[]) =>
  JSON.stringify({ events: ids.map((id) => ({ event_type: "users.messages.email.Open", id })) });
/** What waits for the ingest worker: the events of each request. */
const waiting = async () => {
  const ids = (await redis.lrange("relay:ingest-acme:wait", 0, -1)).toReversed() as JobId[];
  return Promise.all(
    ids.map(async (id) => {
      const payload = (await redisSpool(redis, "acme").read(id)) ?? Buffer.alloc(0);
      const data = JSON.parse((await redis.hget(`relay:ingest-acme:${id}`, "data")) ?? "{}") as IngestJob;
      return { data, ids: linesOf(payload).map((line) => (JSON.parse(line) as { id: string }).id) };
    }),
  );
};

describe("a request of Braze", () => {
  test("is answered 200 when its events and the job that names them are in Redis", async () => {
    const { post, counted } = await open();
    expect(await post(events("1", "2"))).toMatchObject({ status: 200, text: '{"events":2}' });
    expect(await waiting()).toMatchObject([{ ids: ["1", "2"], data: { connector: "engagement", requestEvents: 2 } }]);
    expect(await counted()).toEqual({ accepted: 1 });
  });

  test("that comes again, packed or not, changes nothing", async () => {
    const { post } = await open();
    await post(events("1", "2"));
    await post(events("1", "2"));
    await post(gzipSync(events("1", "2")), { headers: { "content-encoding": "gzip" } });
    expect(await waiting()).toHaveLength(1);
    await post(events("1", "3"));
    expect((await waiting()).map(({ ids }) => ids)).toEqual([
      ["1", "2"],
      ["1", "3"],
    ]);
  });

  test("beside many others is stored with some of them, each event once, and each is answered for itself", async () => {
    const { post, counted } = await open();
    const ids = Array.from({ length: 40 }, (_, id) => String(id));
    const answers = await Promise.all(ids.slice(0, 20).map((id) => post(events(id, String(Number(id) + 20)))));
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, text: '{"events":2}' });
    const jobs = await waiting();
    expect(jobs.flatMap((job) => job.ids).toSorted()).toEqual(ids.toSorted());
    for (const job of jobs) expect(job.data.requestEvents).toBe(job.ids.length);
    expect(await counted()).toEqual({ accepted: 20 });
  });

  test.each(["", '{"events":[]}'])(
    "without events is a test of the connection, and good with a good token alone: %j",
    async (body) => {
      const { post } = await open();
      expect(await post(body)).toMatchObject({ status: 200 });
      expect(await post(body, { auth: "Bearer wrong" })).toMatchObject({ status: 401 });
      expect(await waiting()).toEqual([]);
    },
  );

  test("is let in by each of several tokens, and by a new one as soon as it is configured", async () => {
    const { post, source } = await open(aConfig(["old-token-1", "new-token-2"]));
    expect((await post(events("1"), { auth: "Bearer old-token-1" })).status).toBe(200);
    expect((await post(events("2"), { auth: "bearer new-token-2" })).status).toBe(200);
    await source.apply(aConfig(["new-token-2", "newer-token-3"]));
    expect((await post(events("3"), { auth: "Bearer old-token-1" })).status).toBe(401);
    expect((await post(events("3"), { auth: "Bearer newer-token-3" })).status).toBe(200);
  });

  test("learns the same of a wrong token, a missing one, and an address without a connector", async () => {
    const { post } = await open();
    const wrong = await post(events("1"), { auth: "Bearer wrong-token" });
    expect(wrong).toMatchObject({ status: 401, text: '{"error":"no such connector, or a wrong bearer token"}' });
    expect(await post(events("1"), { auth: "" })).toEqual(wrong);
    expect(await post(events("1"), { path: "/v1/currents/acme/other" })).toEqual(wrong);
    expect(await post(events("1"), { path: "/v1/currents/globex/engagement" })).toEqual(wrong);
    expect((await post(events("1"), { path: "/v1/other" })).status).toBe(404);
    expect(await waiting()).toEqual([]);
  });

  test("that holds no event is 400, says why, and quotes nothing", async () => {
    const { post, counted } = await open();
    for (const body of ['{"secret', '{"event":[{"secret":1}]}', '["secret"]', gzipSync("{}")]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(answer.text).toMatch(/^\{"error":"/);
      expect(answer.text).not.toContain("secret");
    }
    const torn = gzipSync(events("1")).subarray(0, -9);
    expect((await post(torn, { headers: { "content-encoding": "gzip" } })).status).toBe(400);
    expect(await counted()).toEqual({ unreadable: 5 });
  });

  test.each([["GZIP"], ["x-gzip"], ["Identity"], [""]])(
    "is taken whatever case or age its encoding has: %j",
    async (name) => {
      const { post } = await open();
      const body = name.toLowerCase().endsWith("gzip") ? gzipSync(events("1")) : events("1");
      expect((await post(body, { headers: { "content-encoding": name } })).status).toBe(200);
      expect(await waiting()).toMatchObject([{ ids: ["1"] }]);
    },
  );

  test("is taken as what it is where a header says otherwise", async () => {
    const { post } = await open();
    expect((await post(events("1"), { headers: { "content-encoding": "gzip" } })).status).toBe(200);
    expect((await post(gzipSync(events("2")))).status).toBe(200);
    for (const [id, type] of ["garbage", "application/json; charset=", "text/plain"].entries())
      expect((await post(events(`t${id}`), { headers: { "content-type": type } })).status).toBe(200);
    expect((await waiting()).flatMap(({ ids }) => ids)).toEqual(["1", "2", "t0", "t1", "t2"]);
  });

  test("in an encoding that we cannot read is 415, which Braze sends again", async () => {
    const { post, counted } = await open();
    for (const name of ["br", "constructor"])
      expect((await post(events("1"), { headers: { "content-encoding": name } })).status).toBe(415);
    expect(await counted()).toEqual({ unsupported: 2 });
  });

  test("whose sender goes away in the middle of it is not counted as unreadable", async () => {
    const { port, post, counted } = await open(aConfig([token], { requestsInHand: 1 }));
    const sender = connect(port, "127.0.0.1");
    const head = `POST /v1/currents/acme/engagement HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
    sender.write(`${head}content-length: 50\r\n\r\n{"events"`);
    await expect.poll(async () => (await post("")).status).toBe(429);
    sender.destroy();
    await expect.poll(async () => (await post("")).status).toBe(200);
    expect(await counted()).not.toHaveProperty("unreadable");
  });

  test("that is too large is 413, packed ones by what they unpack to, so that Braze splits it", async () => {
    const { post } = await open();
    const large = events(...Array.from({ length: 1_000 }, (_, id) => String(id)));
    expect((await post(large)).status).toBe(413);
    expect((await post(gzipSync(large), { headers: { "content-encoding": "gzip" } })).status).toBe(413);
    expect(await waiting()).toEqual([]);
  });

  test("is 503 with Retry-After while Redis is full enough, and comes again", async () => {
    const { post } = await open();
    admission = { objects: "redis-memory", requests: "redis-memory" };
    expect(await post(events("1"))).toMatchObject({ status: 503, retryAfter: "15" });
    admission = { objects: "redis-memory", requests: "open" };
    expect((await post(events("1"))).status).toBe(200);
  });

  test("is 503 while Redis is away or refuses, and no word of the fault gets out", async () => {
    const { post, logged } = await open();
    await redis.config("SET", "maxmemory", 1);
    const refused = await post(events("1"));
    await redis.config("SET", "maxmemory", 0);
    expect(refused).toMatchObject({
      status: 503,
      retryAfter: "15",
      text: expect.not.stringContaining("OOM") as string,
    });
    expect(logged).toContain("http.failed");
    redis.disconnect();
    expect(await post(events("1"))).toMatchObject({
      status: 503,
      retryAfter: "15",
    });
  });

  test("beside more than the connector may have in hand is 429", async () => {
    const { port, post } = await open(aConfig([token], { requestsInHand: 1 }));
    const slow = connect(port, "127.0.0.1");
    onTestFinished(() => void slow.destroy());
    const head = `POST /v1/currents/acme/engagement HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
    slow.write(`${head}content-length: 50\r\n\r\n{"events"`);
    await expect.poll(async () => (await post(events("1"))).status).toBe(429);
    slow.destroy();
    await expect.poll(async () => (await post(events("1"))).status).toBe(200);
  });

  test("in hand when the port is closed is answered, and its connection is not kept; no time is lost", async () => {
    const { source, url, post } = await open(aConfig([token], { requestsInHand: 1 }));
    const other = server.connect(); // what `redis` asks waits behind the write
    await other.client("PAUSE", 60_000, "WRITE");
    const answer = fetch(`${url}/v1/currents/acme/engagement`, {
      method: "POST",
      body: events("1"),
      headers: { authorization: `Bearer ${token}` },
    });
    await expect.poll(async () => (await post("")).status).toBe(429);
    const startedMs = performance.now();
    const drained = source.drain(new AbortController().signal);
    await other.client("UNPAUSE");
    await drained;
    const { status, headers } = await answer;
    expect([status, headers.get("connection")]).toEqual([200, "close"]);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test("that has not come whole is cut off when the port has to be closed at once", async () => {
    const { source, port, post } = await open(aConfig([token], { requestsInHand: 1 }));
    const slow = connect(port, "127.0.0.1");
    const ended = new Promise<void>((resolve) => void slow.on("close", () => resolve()));
    slow.on("error", () => undefined).resume();
    const head = `POST /v1/currents/acme/engagement HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
    slow.write(`${head}content-length: 50\r\n\r\n{"events"`);
    await expect.poll(async () => (await post(events("1"))).status).toBe(429);
    const startedMs = performance.now();
    await source.drain(AbortSignal.abort());
    await ended;
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  });

  test("that never ends is cut off, and others are served meanwhile", async () => {
    const { port, post } = await open();
    const slow = connect(port, "127.0.0.1");
    const ended = new Promise<void>((resolve) => void slow.on("close", () => resolve()));
    slow.on("error", () => undefined).resume();
    const head = `POST /v1/currents/acme/engagement HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
    slow.write(`${head}content-length: 50\r\n\r\n{"events"`);
    expect((await post(events("1"))).status).toBe(200);
    await ended;
  }, 45_000);
});
