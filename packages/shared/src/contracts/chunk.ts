import type { EventOrigin } from "./event.ts";

/** A run of records of one Avro block. A chunk is made of such runs, in order. */
export interface BlockSpan {
  blockOffset: number;
  firstRecord: number;
  records: number;
}

/** What a chunk says of itself; its bytes follow (avro: the records back to back; json: one event a line). */
export interface ChunkHeader {
  v: 1;
  connector: string;
  source: { fileId: string; uri: string };
  /** When the object landed in the source (UNIX ms): the start of the lag clock. */
  landedAtMs: number;
  records: number;
  spans: BlockSpan[];
  content: { encoding: "avro"; eventType: string; schema: string } | { encoding: "json" };
}

export interface Chunk {
  header: ChunkHeader;
  body: Uint8Array;
}

const lengthBytes = 4;

/** Frames a chunk for the spool: header length (uint32 LE), header as JSON, body; in pieces, which nobody has to copy. */
export const encodeChunk = ({ header, body }: Chunk): readonly Uint8Array[] => {
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(head.length);
  return [length, head, body];
};

/** Reads what {@link encodeChunk} wrote; the body is a view, not a copy. Throws on another version. */
export const decodeChunk = (bytes: Buffer): Chunk => {
  const bodyStart = lengthBytes + bytes.readUInt32LE(0);
  // Our own bytes, versioned: checked by the line below rather than field by field.
  const header = JSON.parse(bytes.toString("utf8", lengthBytes, bodyStart)) as ChunkHeader;
  if (header.v !== 1) throw new Error(`chunk format version ${String(header.v)} is not known; update this worker`);
  return { header, body: bytes.subarray(bodyStart) };
};

/** Where the record at `index` (from 0) of the chunk came from. */
export const originOf = (header: ChunkHeader, index: number): EventOrigin => {
  let first = 0;
  for (const span of header.spans) {
    if (index < first + span.records)
      return { uri: header.source.uri, blockOffset: span.blockOffset, recordIndex: span.firstRecord + index - first };
    first += span.records;
  }
  throw new Error(`record ${index} is not in this chunk of ${header.records}`);
};
