import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createBatchTransport } from "@currents-relay/deliver/adapters/batch-transport.ts";
import { readContainer } from "@currents-relay/ingest/core/avro-container.ts";
import { cutChunks } from "@currents-relay/ingest/core/chunk.ts";
import { readRecordType } from "@currents-relay/shared/avro/record-type.ts";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { type Chunk, encodeChunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { newPage } from "@currents-relay/shared/core/pages.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { redisClaims } from "@currents-relay/transform/adapters/redis-claims.ts";
import { CallWriter } from "@currents-relay/transform/core/call-writer.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import { compileMapper } from "@currents-relay/transform/core/map-event.ts";
import { bodyBytes, pack } from "@currents-relay/transform/core/pack.ts";
import { Redis } from "ioredis";
import { cpuOf } from "./timed.ts";

/** Takes each step of an event's way by itself, on one chunk; prints CPU microseconds an event as one line of JSON. */
const [folder = "", redisUrl = "", segmentUrl = ""] = process.argv.slice(2);
const eventType = "users.messages.email.Click";
const rules = { connector: "bench", fields: { remove: [], hash: [] }, eventNames: {}, anonymousUsers: false };

const chunks: Chunk[] = [];
const cut = async (): Promise<void> => {
  chunks.length = 0;
  for (const name of readdirSync(folder)) {
    const source = {
      connector: "bench",
      source: { fileId: "f", uri: name },
      landedAtMs: 0,
      eventTypeOf: () => eventType,
    };
    for await (const part of cutChunks(readContainer(createReadStream(join(folder, name))), source))
      // Copied: the next one is written where this one is.
      if (part.kind === "chunk") chunks.push({ ...part.chunk, body: Buffer.from(part.chunk.body) });
  }
};
await cut();
const [chunk] = chunks;
if (chunk?.header.content.encoding !== "avro") throw new Error(`no Avro chunk in ${folder}`);
const { records } = chunk.header;
const body = Buffer.from(chunk.body);
const type = readRecordType(chunk.header.content.schema);
const mapper = compileMapper({ eventType, rules, fields: type.fields.map(({ name }) => name) });
const decoded = type.decodeAll(body, records);
const mapped = decoded.map((record) => mapper(record)).flatMap((one) => (one.kind === "ok" ? [one.value.call] : []));
const ready = mapChunk(chunk, rules).calls;
const bodies = pack(ready);
const [first] = bodies;
if (!first) throw new Error("nothing to send");

const redis = new Redis(redisUrl);
const spool = redisSpool(redis, "bench");
const claim = redisClaims(redis, { scope: "bench", windowMs: 172_800_000 });
const transport = createBatchTransport({ endpoint: segmentUrl, writeKey: new Secret("bench-key"), timeoutMs: 10_000 });
const never = new AbortController().signal;
let serial = 0;
const nextId = (): JobId => `t-bench-${(serial += 1)}` as JobId; // as core/ids.ts makes them
const freshIds = (): string[] => ready.map(({ id }) => `${id}-${(serial += 1)}`);
const redisCpuUs = async (): Promise<number> => {
  const info = await redis.info("cpu");
  const seconds = (name: string) => Number(new RegExp(`^used_cpu_${name}:(\\S+)`, "m").exec(info)?.[1]);
  return (seconds("user") + seconds("sys")) * 1e6;
};
const putAndRead = async (payload: Buffer): Promise<void> => {
  const id = nextId();
  await spool.put([{ id, kind: "transform", payload, events: records }]);
  await spool.read(id, "transform");
  await redis.del(`relay:spool:bench:${id}`);
};

const perEvent: Record<string, number> = {};
const take = async (name: string, events: number, work: () => unknown): Promise<void> => {
  perEvent[name] = (await cpuOf(work)) / events;
};

await take(
  "read",
  chunks.reduce((sum, one) => sum + one.header.records, 0),
  cut,
);
await take("walk", records, () => type.recordEnds(body, records));
await take("decode", records, () => type.decodeAll(body, records));
await take("map", records, () => decoded.map((record) => mapper(record)));
await take("serialise", records, () => {
  const writer = new CallWriter(2 * body.length, newPage);
  return mapped.map((call) => writer.whole(JSON.stringify(call)));
});
await take("mapChunk", records, () => mapChunk(chunk, rules));
await take("pack", records, () => pack(ready).map((one) => bodyBytes(one)));
await take("spoolChunk", records, () => putAndRead(Buffer.concat(encodeChunk(chunk))));
const firstBytes = bodyBytes(first);
await take("spoolBody", first.calls.length, () => putAndRead(firstBytes));
let claims = 0;
const redisBefore = await redisCpuUs();
await take("claim", records, () => {
  claims += records;
  return claim(nextId(), freshIds());
});
perEvent["claimInRedis"] = ((await redisCpuUs()) - redisBefore) / claims;
await take("send", first.calls.length, () => transport.send({ calls: firstBytes, count: first.calls.length }, never));

console.log(JSON.stringify(perEvent));
transport.close();
await redis.quit();
