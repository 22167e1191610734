import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { type SegmentSimOptions, startSegmentSim } from "./server.ts";

const start = async (options: SegmentSimOptions = {}) => {
  const sim = await startSegmentSim(options);
  onTestFinished(() => sim.stop());
  return sim;
};

const call = (messageId: string, extra: object = {}) => ({
  type: "track",
  event: "E",
  userId: "u",
  messageId,
  ...extra,
});
const calls = (count: number) => Array.from({ length: count }, (_, index) => call(`m-${index}`));

const post = (url: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/batch`, { method: "POST", body, headers, redirect: "manual" });
const send = (url: string, batch: object[], writeKey = "key-1") => post(url, JSON.stringify({ batch, writeKey }));
const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` });

test("a batch is accepted and each of its events is counted by id and write key", async () => {
  const sim = await start();
  const answer = await send(sim.url, [call("a"), call("b")]);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ success: true });
  await send(sim.url, [call("b"), call("c")], "key-2");
  expect(sim.stats()).toMatchObject({ accepted: 4, distinct: 3, repeats: 1, discarded: 0 });
  expect(sim.stats().byWriteKey["key-2"]).toEqual({ requests: 1, accepted: 2, discarded: 0 });
  expect([...sim.ids()]).toEqual([
    ["a", 1],
    ["b", 2],
    ["c", 1],
  ]);
});

test("an event without an id is counted, and is nobody's repeat", async () => {
  const sim = await start();
  await send(sim.url, [call("a"), { userId: "u" }, { userId: "u" }]);
  await send(sim.url, [call("a")]);
  expect(sim.stats()).toMatchObject({ accepted: 4, distinct: 1, repeats: 1, withoutId: 2 });
});

test.each(["/v1/batch", "/v1/b", "/v1/import"])("%s is a batch endpoint", async (path) => {
  const sim = await start();
  await fetch(sim.url + path, { method: "POST", body: JSON.stringify({ batch: [call("a")], writeKey: "key-1" }) });
  expect(sim.stats().accepted).toBe(1);
});

test("an unknown write key gets 200 and its events are gone", async () => {
  const sim = await start({ script: { keys: ["key-1"] } });
  const answer = await send(sim.url, calls(3), "nobody");
  expect(answer.status).toBe(200);
  expect(sim.stats()).toMatchObject({ accepted: 0, distinct: 0, discarded: 3, discardedBy: { "unknown-key": 3 } });
});

test("a key of another region gets 200 and loses its events, though its settings are known", async () => {
  const sim = await start({ script: { keys: ["key-1"], otherRegionKeys: ["key-eu"] } });
  expect((await send(sim.url, calls(2), "key-eu")).status).toBe(200);
  const settings = await fetch(`${sim.url}/v1/projects/key-eu/settings`);
  expect(settings.status).toBe(200);
  expect(await settings.text()).toContain("events.eu1.segmentapis.com");
  expect(sim.stats().discardedBy["other-region"]).toBe(2);
});

test("the settings endpoint answers 200 with JSON for a known key and 404 for an unknown one", async () => {
  const sim = await start({ script: { keys: ["key-1"] } });
  const known = await fetch(`${sim.url}/v1/projects/key-1/settings`);
  expect(known.status).toBe(200);
  expect(await known.json()).toMatchObject({ integrations: { "Segment.io": { apiHost: "api.segment.io/v1" } } });
  expect((await fetch(`${sim.url}/v1/projects/nobody/settings`)).status).toBe(404);
});

test("the write key may come by Basic authentication, and one under four characters gets 400", async () => {
  const sim = await start();
  const body = JSON.stringify({ batch: [call("a")] });
  expect((await post(sim.url, body, basic("key-1"))).status).toBe(200);
  expect((await post(sim.url, body, basic("abc"))).status).toBe(400);
  expect((await post(sim.url, body)).status).toBe(400);
  expect(sim.stats().byWriteKey["key-1"]?.accepted).toBe(1);
  expect(sim.stats().accepted).toBe(1);
});

test("a gzipped body is read, and what is not gzip gets 400", async () => {
  const sim = await start();
  const body = JSON.stringify({ batch: [call("a")], writeKey: "key-1" });
  expect((await post(sim.url, gzipSync(body), { "content-encoding": "gzip" })).status).toBe(200);
  expect((await post(sim.url, body, { "content-encoding": "gzip" })).status).toBe(400);
  expect(sim.stats().accepted).toBe(1);
});

test.each([
  ["broken JSON", "not valid JSON", '{"batch":['],
  ["no batch", "no batch array", '{"writeKey":"key-1"}'],
  [
    "an event over 32 KB",
    "over 32768 bytes",
    JSON.stringify({ batch: [call("a", { x: "x".repeat(33_000) })], writeKey: "key-1" }),
  ],
  [
    "a body over 500 KB",
    "over 512000 bytes",
    JSON.stringify({ batch: [], writeKey: "key-1", filler: "x".repeat(512_000) }),
  ],
])("%s gets 400 and nothing is accepted", async (_, message, body) => {
  const sim = await start();
  const answer = await post(sim.url, body);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain(message);
  expect((await post(sim.url, gzipSync(body), { "content-encoding": "gzip" })).status).toBe(400);
  expect(sim.stats()).toMatchObject({ accepted: 0, requests: { byStatus: { 400: 2 } } });
});

test("a body of exactly 512,000 bytes is accepted", async () => {
  const sim = await start();
  const around = JSON.stringify({ batch: [call("a")], writeKey: "key-1", filler: "" }).length;
  const filler = "x".repeat(512_000 - around);
  expect((await post(sim.url, JSON.stringify({ batch: [call("a")], writeKey: "key-1", filler }))).status).toBe(200);
});

test("events after the 2,500th and events without a user get 200 and are gone", async () => {
  const sim = await start();
  expect((await send(sim.url, calls(2_503))).status).toBe(200);
  expect((await send(sim.url, [{ ...call("x"), userId: "" }])).status).toBe(200);
  expect(sim.stats()).toMatchObject({ accepted: 2_500, discardedBy: { "too-many": 3, "no-user": 1 } });
});

test("over the rate limit the answer is 429 with Retry-After, until the time has passed", async () => {
  let nowMs = 1_000_000;
  const sim = await start({ now: () => nowMs, script: { rateLimit: { eventsPerSecond: 100 } } });
  expect((await send(sim.url, calls(100))).status).toBe(200);
  const refused = await send(sim.url, calls(100));
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  nowMs += 1_000;
  expect((await send(sim.url, calls(100))).status).toBe(200);
  expect(sim.arrivals()).toEqual([
    { atMs: 1_000_000, events: 100, writeKey: "key-1" },
    { atMs: 1_001_000, events: 100, writeKey: "key-1" },
  ]);
});

test("fast mode throws away what Segment would, and logs ids", async () => {
  const folder = await mkdtemp(join(tmpdir(), "segment-sim-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const plain = await start({ fast: true });
  await send(plain.url, calls(2_502));
  expect(plain.stats()).toMatchObject({ accepted: 2_500, discardedBy: { "too-many": 2 } });
  const logFile = join(folder, "ids.ndjson");
  const logged = await start({ fast: true, logFile });
  await send(logged.url, calls(2));
  await logged.stop();
  const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ id: "m-0" }, { id: "m-1" }]);
});

test("fast mode counts the same ids", async () => {
  const sim = await start({ fast: true });
  await send(sim.url, calls(50));
  expect(sim.stats()).toMatchObject({ accepted: 50, distinct: 50 });
  await send(sim.url, calls(2));
  expect(sim.stats()).toMatchObject({ accepted: 52, distinct: 50, repeats: 2 });
  expect([...sim.ids()].slice(0, 3)).toEqual([
    ["m-0", 2],
    ["m-1", 2],
    ["m-2", 1],
  ]);
});

test("accepted calls are in the log, whole or by id, once the stand-in has stopped", async () => {
  const folder = await mkdtemp(join(tmpdir(), "segment-sim-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const linesOf = async (logIds: boolean) => {
    const logFile = join(folder, `${logIds}.ndjson`);
    const sim = await start({ logFile, logIds, now: () => 0, script: { keys: ["key-1"] } });
    await send(sim.url, [call("a", { properties: { n: 1 } })]);
    await send(sim.url, [call("lost")], "nobody");
    await sim.stop();
    return (await readFile(logFile, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
  };
  const at = "1970-01-01T00:00:00.000Z";
  expect(await linesOf(false)).toEqual([{ at, writeKey: "key-1", call: call("a", { properties: { n: 1 } }) }]);
  expect(await linesOf(true)).toEqual([{ at, writeKey: "key-1", id: "a" }]);
});

test("stopping twice, or while a request hangs, ends", async () => {
  const sim = await start({ script: { rules: [{ then: { hang: true } }] } });
  const failed = send(sim.url, calls(1)).catch((error: unknown) => error);
  await expect.poll(() => sim.stats().requests.byStatus.hang).toBe(1);
  await sim.stop();
  await sim.stop();
  expect(await failed).toBeInstanceOf(TypeError);
});

test("a port that is taken is an error", async () => {
  const { port } = await start();
  await expect(startSegmentSim({ port })).rejects.toThrow("EADDRINUSE");
});
