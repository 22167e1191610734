import type { ContainerPart } from "./avro-container.ts";
import { crc32, deflateRawSync, zstdCompressSync } from "node:zlib";
import { compressSync } from "snappy";
import type { CodecName } from "./codecs.ts";

/** Bytes of Avro by hand, so that a test can make what no encoder would. */
export const long = (value: number | bigint): Buffer => {
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
};

export const string = (value: string | Buffer): Buffer =>
  Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);

export const sync = Buffer.from("00112233445566778899aabbccddeeff", "hex");

export const clickName = "dataexport.S3.inner.users.messages.email.Click";

/** A record of four fields; in the data of one click every field is used. */
export const clickSchema = JSON.stringify({
  type: "record",
  name: clickName,
  fields: [
    { name: "id", type: "string" },
    { name: "user_id", type: ["null", "string"], default: null },
    { name: "time", type: "int" },
    { name: "tags", type: { type: "array", items: "string" } },
  ],
});

export const aClick = (id: string): Buffer =>
  Buffer.concat([string(id), long(1), string(`user-${id}`), long(1_700_000_000), long(1), string("a"), long(0)]);

export const clicks = (count: number, prefix = "click"): Buffer[] =>
  Array.from({ length: count }, (_, index) => aClick(`${prefix}-${index}`));

export const compressed: Record<CodecName, (data: Buffer) => Buffer> = {
  null: (data) => data,
  deflate: (data) => deflateRawSync(data),
  snappy: (data) => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    return Buffer.concat([compressSync(data), checksum]);
  },
  zstandard: (data) => zstdCompressSync(data),
};

export interface HeaderParts {
  schema?: string;
  codec?: string | undefined;
  marker?: Buffer;
}

export const aHeader = ({ schema = clickSchema, codec = "null", marker = sync }: HeaderParts = {}): Buffer =>
  Buffer.concat([
    Buffer.from("Obj\x01", "latin1"),
    long(2),
    string("avro.schema"),
    string(schema),
    string("avro.codec"),
    string(codec),
    long(0),
    marker,
  ]);

/** A block as the file has it; `count` and `size` may lie. */
export const aRawBlock = (data: Buffer, count: number | bigint, size: number | bigint = data.length): Buffer =>
  Buffer.concat([long(count), long(size), data, sync]);

export const aBlock = (records: readonly Buffer[], codec: CodecName = "null"): Buffer =>
  aRawBlock(compressed[codec](Buffer.concat(records)), records.length);

/** A file, and where its blocks begin (the last offset is the file's end). */
export const aFile = (
  blocks: readonly (readonly Buffer[])[],
  codec: CodecName = "null",
): { bytes: Buffer; offsets: number[] } => {
  const parts = [aHeader({ codec }), ...blocks.map((records) => aBlock(records, codec))];
  let end = 0;
  const offsets = parts.map((part) => (end += part.length));
  return { bytes: Buffer.concat(parts), offsets };
};

/**
 * The bytes as a stream that comes in pieces: `sizes` over and over, or everything at once. A piece is written over when the
 * next one is asked for, as a source may.
 */
export async function* inPieces(bytes: Buffer, sizes: readonly number[] = [bytes.length]): AsyncGenerator<Buffer> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    const piece = Buffer.from(bytes.subarray(start, start + size));
    yield piece;
    piece.fill(0xee);
    start += size;
  }
}

/** The parts of a container, with blocks that outlive the next one. */
export const collectedParts = async (parts: AsyncIterable<ContainerPart>): Promise<ContainerPart[]> => {
  const list: ContainerPart[] = [];
  for await (const part of parts) list.push(part.kind === "block" ? { ...part, data: Buffer.from(part.data) } : part);
  return list;
};

export const collected = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};
