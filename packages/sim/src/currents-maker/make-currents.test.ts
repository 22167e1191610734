import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { codecs } from "./avro-file.ts";
import { type CurrentsOptions, makeCurrents } from "./make-currents.ts";
import { idsToDeliver, writeManifest } from "./manifest.ts";
import { keysBelow, readAvroFile } from "./reading-back.ts";
import { seededRandom } from "./random.ts";
import { recordSource } from "./record-source.ts";

const clickType = "users.messages.email.Click";

const folder = async () => {
  const path = await mkdtemp(join(tmpdir(), "currents-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
};

const make = async (options: Omit<CurrentsOptions, "into">) => {
  const into = await folder();
  const manifest = await makeCurrents({ into, recordsPerBlock: 10, ...options });
  const read = (index: number) => readAvroFile(join(into, manifest.files[index]?.path ?? ""));
  return { into, manifest, read };
};

test.each([...codecs])("avsc reads back every record of a file with codec %s", async (codec) => {
  const { manifest, read } = await make({ events: 95, eventTypes: [clickType], codec });
  const { records, schemaName } = await read(0);
  expect(schemaName).toBe("dataexport.S3.inner.users.messages.email.Click");
  expect(records.map((record) => record.id)).toEqual([...manifest.readableIds.keys()]);
  expect(records).toHaveLength(95);
});

test("every event type can be written and read, in mixed codecs and layouts", async () => {
  const { manifest, read } = await make({ events: 324, codec: "mixed", layout: "mixed", nullShare: 0.2 });
  expect(manifest.files).toHaveLength(81);
  for (const [index, file] of manifest.files.entries()) {
    const { records, schemaName } = await read(index);
    expect(schemaName).toBe(`dataexport.S3.inner.${file.eventType}`);
    expect(records).toHaveLength(file.records);
  }
});

test("the same seed writes the same bytes under the same keys, and another seed others", async () => {
  const bytesOf = async (seed: number) => {
    const { into } = await make({
      events: 300,
      eventsPerFile: 40,
      eventTypes: [clickType, "users.behaviors.Purchase"],
      seed,
      codec: "mixed",
      duplicatesShare: 0.1,
      corrupt: true,
    });
    return Promise.all((await keysBelow(into)).map(async (key) => [key, await readFile(join(into, key), "base64")]));
  };
  const first = await bytesOf(7);
  expect(await bytesOf(7)).toEqual(first);
  expect(await bytesOf(8)).not.toEqual(first);
});

test("keys have both of Braze's forms, or none of its folders, and nothing hidden stays behind", async () => {
  const keysWith = async (layout: "schema-id" | "version" | "flat") => {
    const { into, manifest } = await make({ events: 25, eventTypes: [clickType], eventsPerFile: 20, layout });
    const keys = await keysBelow(into);
    expect(manifest.files.map((file) => file.path).toSorted()).toEqual(keys);
    return keys;
  };
  const integration = String.raw`dataexport\.prod-01\.S3\.integration\.[0-9a-f]{24}`;
  const before = String.raw`^${integration}/event_type=users\.messages\.email\.Click/date=2026-11-23-12`;
  const after = String.raw`us-01/${integration}\+0\+(0|20)\.avro$`;
  for (const key of await keysWith("schema-id")) expect(key).toMatch(new RegExp(String.raw`${before}/\d+/${after}`));
  for (const key of await keysWith("version")) expect(key).toMatch(new RegExp(`${before}/version=6/${after}`));
  expect(await keysWith("flat")).toEqual([`${clickType}+0+0.avro`, `${clickType}+0+20.avro`]);
});

test("repeated records are whole, across files too, and the manifest counts each id once", async () => {
  const { manifest, read } = await make({
    events: 2_000,
    eventTypes: [clickType],
    eventsPerFile: 500,
    duplicatesShare: 0.1,
  });
  const seen = new Map<unknown, { file: number; record: object }>();
  let repeated = 0;
  let acrossFiles = 0;
  for (const file of manifest.files.keys())
    for (const record of (await read(file)).records) {
      const earlier = seen.get(record.id);
      if (!earlier) seen.set(record.id, { file, record });
      else {
        expect(record).toEqual(earlier.record);
        repeated++;
        if (earlier.file !== file) acrossFiles++;
      }
    }
  expect(manifest).toMatchObject({ events: 2_000, repeated, distinctIds: seen.size });
  expect(repeated / 2_000).toBeCloseTo(0.1, 1);
  expect(acrossFiles).toBeGreaterThan(50);
});

test("the ids to deliver are those of known users; with anonymousUsers those of all", async () => {
  const { manifest, read } = await make({ events: 500, eventTypes: [clickType], anonymousShare: 0.2 });
  const { records } = await read(0);
  const named = records.filter((record) => record.external_user_id !== null).map((record) => record.id);
  expect(named.length).toBeLessThan(450);
  expect([...idsToDeliver(manifest)].map(({ id }) => id)).toEqual(named);
  expect([...idsToDeliver(manifest, { anonymousUsers: true })]).toHaveLength(500);
});

test("events that Braze never exports to Segment are not to be delivered", async () => {
  const { manifest } = await make({ events: 10, eventTypes: ["users.RandomBucketNumberUpdate"] });
  expect([...idsToDeliver(manifest, { anonymousUsers: true })]).toEqual([]);
});

test.each([...codecs])("a corrupt block of codec %s cannot be read, and the blocks before it can", async (codec) => {
  const { into, manifest, read } = await make({ events: 50, eventTypes: [clickType], codec, corrupt: true });
  expect(manifest.files[0]).toMatchObject({ records: 50, readable: 40, faults: ["corrupt-block"] });
  expect(manifest.readableIds.size).toBe(40);
  await expect(read(0)).rejects.toBeInstanceOf(Error);
  const whole = await make({ events: 50, eventTypes: [clickType], codec });
  const bytesOf = (path: string, key: string | undefined) => readFile(join(path, key ?? ""));
  const damaged = await bytesOf(into, manifest.files[0]?.path);
  const sound = await bytesOf(whole.into, whole.manifest.files[0]?.path);
  expect(damaged).toHaveLength(sound.length);
  expect(sound.filter((byte, index) => byte !== damaged[index]).length).toBeLessThanOrEqual(64);
});

test("a truncated file lacks the second half of its last block", async () => {
  const { manifest, read } = await make({ events: 50, eventTypes: [clickType], truncated: true });
  expect(manifest.files[0]).toMatchObject({ readable: 40, faults: ["truncated"] });
  const { records } = await read(0); // avsc ends a truncated file without an error
  expect(records.map((record) => record.id)).toEqual([...manifest.readableIds.keys()]);
});

test("a file that is no Avro stands beside the others and holds no events", async () => {
  const { manifest, read } = await make({ events: 20, eventTypes: [clickType], notAvro: true });
  expect(manifest.files[1]).toMatchObject({ records: 0, faults: ["not-avro"] });
  expect(manifest.files[1]?.path).toMatch(/\+0\+20\.avro$/);
  await expect(read(1)).rejects.toThrow("invalid magic");
});

test("unknown fields and longs beyond 2^53 can be added", async () => {
  const { read } = await make({ events: 5, eventTypes: [clickType], extraField: true, bigLong: true, nullShare: 0 });
  const [record] = (await read(0)).records;
  expect(record).toMatchObject({ future_field: expect.any(String) });
  expect(record?.sequence_number).toBeGreaterThan(2n ** 53n);
});

test("a wide email click takes about 670 bytes in Avro", () => {
  const random = seededRandom(1);
  let serial = 0;
  const source = recordSource(clickType, random, { wide: true, duplicatesShare: 0, nextSerial: () => serial++ });
  const { data } = source.block(2_000);
  expect(data.length / 2_000).toBeGreaterThan(650);
  expect(data.length / 2_000).toBeLessThan(690);
});

test("with a rate, a file lands when its last event would have happened", async () => {
  const startedAt = performance.now();
  await make({ events: 30, eventTypes: [clickType], eventsPerFile: 10, eventsPerSecond: 200 });
  expect(performance.now() - startedAt).toBeGreaterThan(145);
});

test("a signal ends the writing after the current file, and the manifest says what was written", async () => {
  const { into, manifest } = await make({
    events: 30,
    eventTypes: [clickType],
    eventsPerFile: 10,
    signal: AbortSignal.abort(),
    eventsPerSecond: 1,
  });
  expect(await keysBelow(into)).toEqual([]);
  expect(manifest).toMatchObject({ events: 0, files: [] });
});

test.each([
  [{ events: 0 }, "events must be a whole number from 1, not 0"],
  [{ events: 1, eventsPerFile: 0.5 }, "eventsPerFile must be"],
  [{ events: 1, eventTypes: ["users.nope"] }, "users.nope is not in the catalog"],
])("the options %j are refused before anything is written", async (options, message) => {
  await expect(make(options)).rejects.toThrow(message);
});

test("the manifest file lists each id to deliver on a line, with its event type", async () => {
  const { into, manifest } = await make({ events: 30, eventTypes: [clickType], anonymousShare: 0.3 });
  await writeManifest(join(into, "ids.ndjson"), manifest);
  const lines = (await readFile(join(into, "ids.ndjson"), "utf8")).trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([...idsToDeliver(manifest)]);
});
