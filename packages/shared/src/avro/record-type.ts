import type { EventRecord } from "../contracts/event.ts";
import { avscTypeOf } from "./avsc-type.ts";
import { AvroFault } from "./avro-fault.ts";
import { defaultRecordLimits } from "./record-limits.ts";
import type { RecordLimits } from "./record-limits.ts";
import { parseRecordSchema } from "./schema-node.ts";
import type { RecordNode, SchemaNode } from "./schema-node.ts";
import { compileScan, compileWalk } from "./walk-record.ts";

/** A field of the top record: its name and its Avro types (the branches of a union, "null" among them, in order). */
export interface RecordField {
  name: string;
  types: readonly SchemaNode["kind"][];
  /** The value is preceded by the number of its branch. */
  isUnion: boolean;
}

/** Reads the records of one writer's schema. Everything here throws AvroFault when the bytes are not such records. */
export interface RecordType {
  /** The record's full name, namespace first; empty where the schema gives none. */
  name: string;
  /** In the schema's order. */
  fields: readonly RecordField[];
  /** Reads the record at `pos`; `offset` is where it ends. */
  decode(bytes: Uint8Array, pos: number): { value: EventRecord; offset: number };
  /** Where the record at `pos` ends; checks it without reading it. */
  skip(bytes: Uint8Array, pos: number): number;
  /** The same; also notes in `starts` (as long as `fields`) where the value of each field begins. */
  scan(bytes: Uint8Array, pos: number, starts: Uint32Array): number;
  /** Where each of `count` records ends, the last one with the bytes themselves: not one byte more or less. */
  recordEnds(bytes: Uint8Array, count: number): Uint32Array;
  /** Reads `count` records that fill the bytes exactly, in order. */
  decodeAll(bytes: Uint8Array, count: number): EventRecord[];
}

const typesOf = (node: SchemaNode): SchemaNode["kind"][] =>
  node.kind === "union" ? node.branches.map(({ kind }) => kind) : [node.kind];

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const buildAvscType = (record: RecordNode): ReturnType<typeof avscTypeOf> => {
  try {
    return avscTypeOf(record);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AvroFault("bad-schema", `the schema cannot be used: ${message}`, { cause });
  }
};

const buildRecordType = (schemaText: string, limits: RecordLimits): RecordType => {
  const node = parseRecordSchema(schemaText, limits);
  const skip = compileWalk(node, limits);
  const type = buildAvscType(node);

  const recordEnds = (bytes: Uint8Array, count: number): Uint32Array => {
    // Nothing may be made of nothing: a record without bytes has no id, and a million of them fit into a few bytes.
    if (!Number.isInteger(count) || count < 0 || count > bytes.length)
      throw new AvroFault("bad-record", `${count} records cannot be in ${bytes.length} bytes`);
    const ends = new Uint32Array(count);
    let pos = 0;
    for (let index = 0; index < count; index++) ends[index] = pos = skip(bytes, pos);
    if (pos !== bytes.length)
      throw new AvroFault("bad-record", `${count} records end at ${pos} and leave ${bytes.length - pos} bytes over`);
    return ends;
  };

  const read = (bytes: Buffer, pos: number, end: number): EventRecord => {
    const decoded: { value: EventRecord; offset: number } = type.decode(bytes, pos);
    if (decoded.offset !== end) throw new Error(`a record was walked to ${end} and decoded to ${decoded.offset}`);
    return decoded.value;
  };

  return {
    name: node.name,
    fields: node.fields.map((field) => ({
      name: field.name,
      types: typesOf(field.type),
      isUnion: field.type.kind === "union",
    })),
    skip,
    scan: compileScan(node, limits),
    recordEnds,
    decode: (bytes, pos) => {
      const offset = skip(bytes, pos);
      return { value: read(asBuffer(bytes), pos, offset), offset };
    },
    decodeAll: (bytes, count) => {
      const buffer = asBuffer(bytes);
      const ends = recordEnds(buffer, count);
      return Array.from(ends, (end, index) => read(buffer, index === 0 ? 0 : (ends[index - 1] ?? 0), end));
    },
  };
};

const maxCachedTypes = 200;
const maxCachedCharacters = 16 * 1024 * 1024;
/** Oldest use first. */
const cached = new Map<string, RecordType>();
let cachedCharacters = 0;

const forget = (key: string): void => {
  if (cached.delete(key)) cachedCharacters -= key.length;
};

const remember = (key: string, type: RecordType): void => {
  cached.set(key, type);
  cachedCharacters += key.length;
  for (const oldest of cached.keys()) {
    if (cached.size <= maxCachedTypes && cachedCharacters <= maxCachedCharacters) return;
    forget(oldest);
  }
};

/**
 * Makes the type that reads records written with a schema (JSON text), or gives the one made before: building takes
 * milliseconds, so the last 200 are kept. Throws AvroFault "bad-schema" or "over-limit".
 */
export const readRecordType = (schemaText: string, limits: RecordLimits = defaultRecordLimits): RecordType => {
  const { maxSchemaBytes, maxDepth, maxFields, maxItemsPerRecord } = limits;
  const key = `${maxSchemaBytes},${maxDepth},${maxFields},${maxItemsPerRecord}:${schemaText}`;
  const type = cached.get(key) ?? buildRecordType(schemaText, limits);
  forget(key);
  remember(key, type);
  return type;
};
