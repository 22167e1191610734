import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Codec, fileBlock, fileHeader, syncMarkerBytes } from "./avro-file.ts";
import { eventTypes as allEventTypes, fieldsOf } from "./catalog.ts";
import { defaultBaseTimeMs } from "./make-record.ts";
import { type Manifest, openManifest, type OpenManifest } from "./manifest.ts";
import { type Layout, objectKey } from "./object-key.ts";
import { type FilePlan, planFiles } from "./plan-files.ts";
import { type Random, seededRandom } from "./random.ts";
import { recordSource, type RecordSource } from "./record-source.ts";
import type { SchemaOptions } from "./schema.ts";
import { makeWorld } from "./world.ts";
import { writeWhole } from "./write-file.ts";

export interface CurrentsOptions extends SchemaOptions {
  /** The folder to write below; made where missing. */
  into: string;
  /** Records to write, repeated ones included. */
  events: number;
  /** Default: all types of the catalog. */
  eventTypes?: readonly string[];
  /** Default 15,000, as Braze's own. */
  eventsPerFile?: number;
  /** Default 100. */
  recordsPerBlock?: number;
  /** Default "null"; "mixed" takes the codecs in turn. */
  codec?: Codec | "mixed";
  /** Default 1. The same seed and options give the same bytes in the same files. */
  seed?: number;
  /** Share (0 to 1) of records that repeat an earlier one, across files too; default 0. */
  duplicatesShare?: number;
  /** Share (0 to 1) of users without external_user_id; default 0. */
  anonymousShare?: number;
  /** Share (0 to 1) of nulls in optional fields; default 0.05. */
  nullShare?: number;
  /** One file has a block that cannot be read. */
  corrupt?: boolean;
  /** One file ends in the middle of its last block. */
  truncated?: boolean;
  /** Writes one more file that is no Avro at all, last. */
  notAvro?: boolean;
  /** Default "schema-id"; "mixed" writes both of Braze's. */
  layout?: Layout | "mixed";
  /** UNIX ms: the time of writing in the keys; events lie in the three hours before. */
  baseTimeMs?: number;
  /** Each file lands when its last event would have happened; default: as fast as possible. */
  eventsPerSecond?: number;
  /** Ends the writing after the current file; the manifest says what was written. */
  signal?: AbortSignal;
}

const brokenFile = "<!doctype html><title>503 Service Unavailable</title>\n";

/** What all files of one run share. */
interface Run {
  random: Random;
  manifest: OpenManifest;
  recordsPerBlock: number;
  /** One for each event type, so that repeats find earlier files' records. */
  sourceOf: (eventType: string) => RecordSource;
  /** The key of the next file of the event type, which will hold so many records. */
  keyFor: (plan: Pick<FilePlan, "eventType" | "layout" | "records">) => string;
}

const openRun = (options: CurrentsOptions): Run => {
  const { seed = 1, baseTimeMs = defaultBaseTimeMs, duplicatesShare = 0, recordsPerBlock = 100 } = options;
  const random = seededRandom(seed);
  const integrationId = random.hex(24);
  const world = makeWorld(seed);
  const sources = new Map<string, RecordSource>();
  const offsets = new Map<string, number>();
  let serial = 0;
  const nextSerial = () => serial++;
  return {
    random,
    manifest: openManifest(),
    recordsPerBlock,
    sourceOf: (eventType) => {
      const source =
        sources.get(eventType) ?? recordSource(eventType, random, { ...options, world, duplicatesShare, nextSerial });
      sources.set(eventType, source);
      return source;
    },
    keyFor: ({ eventType, layout, records }) => {
      const offset = offsets.get(eventType) ?? 0;
      offsets.set(eventType, offset + records);
      const { storage = "S3" } = options;
      return objectKey({ layout, storage, integrationId, eventType, writtenAtMs: baseTimeMs, partition: 0, offset });
    },
  };
};

/** The pieces of one Avro file; the manifest hears of every block. */
const filePieces = function* (plan: FilePlan, path: string, run: Run): Generator<Buffer> {
  const { eventType, codec, faults, records } = plan;
  const { random, manifest, recordsPerBlock } = run;
  const source = run.sourceOf(eventType);
  const syncMarker = Buffer.from(random.hex(2 * syncMarkerBytes), "hex");
  const namesCodec = codec !== "null" || random.chance(0.5);
  yield fileHeader({ schema: source.schema, codec, namesCodec, syncMarker });
  const blocks = Math.ceil(records / recordsPerBlock);
  const damagedBlock = faults.includes("corrupt-block") ? Math.floor((blocks - 1) / 2) : -1;
  const cutBlock = faults.includes("truncated") ? blocks - 1 : -1;
  let readable = 0;
  for (let index = 0; index < blocks; index++) {
    const count = Math.min(recordsPerBlock, records - index * recordsPerBlock);
    const { data, written } = source.block(count);
    const bytes = fileBlock({ data, records: count, codec, syncMarker, damaged: index === damagedBlock });
    const whole = index !== damagedBlock && index !== cutBlock;
    manifest.block(eventType, written, whole);
    if (whole) readable += count;
    yield index === cutBlock ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
  }
  manifest.file({ path, eventType, records, readable, faults });
};

const writeBrokenFile = async (into: string, plan: FilePlan, run: Run): Promise<void> => {
  const { eventType, layout } = plan;
  const path = run.keyFor({ eventType, layout, records: 0 });
  await writeWhole(join(into, path), [brokenFile]);
  run.manifest.file({ path, eventType, records: 0, readable: 0, faults: ["not-avro"] });
};

/** Whether the time for the file has come; false where the signal ends the wait. */
const untilDue = async (dueMs: number, signal: AbortSignal | undefined): Promise<boolean> => {
  try {
    await delay(Math.max(0, dueMs - performance.now()), undefined, { ...(signal && { signal }) });
    return true;
  } catch (error) {
    if (signal?.aborted) return false;
    throw error;
  }
};

const checkOptions = ({ eventTypes = [], events, ...options }: CurrentsOptions): void => {
  eventTypes.forEach(fieldsOf); // throws for an unknown type
  const counts = { events, eventsPerFile: options.eventsPerFile, recordsPerBlock: options.recordsPerBlock };
  for (const [name, count] of Object.entries(counts))
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 1))
      throw new Error(`${name} must be a whole number from 1, not ${count}`);
};

/**
 * Writes Avro files as Braze's Currents do, each appearing whole under its final name. Throws before the first file
 * where an option is wrong; a failed write ends the run and rejects.
 */
export const makeCurrents = async (options: CurrentsOptions): Promise<Manifest> => {
  checkOptions(options);
  const { into, eventsPerSecond, signal, eventTypes = allEventTypes } = options;
  const run = openRun(options);
  const { codec = "null", layout = "schema-id", eventsPerFile = 15_000, corrupt = false, truncated = false } = options;
  const plans = planFiles({ events: options.events, eventTypes, eventsPerFile, codec, layout, corrupt, truncated });
  const startedAt = performance.now();
  let planned = 0;
  for (const plan of plans) {
    planned += plan.records;
    const dueMs = eventsPerSecond === undefined ? 0 : startedAt + (planned / eventsPerSecond) * 1000;
    if (!(await untilDue(dueMs, signal))) break;
    const path = run.keyFor(plan);
    await writeWhole(join(into, path), filePieces(plan, path, run));
  }
  const [first] = plans;
  if (options.notAvro && first && !signal?.aborted) await writeBrokenFile(into, first, run);
  return run.manifest.read();
};
