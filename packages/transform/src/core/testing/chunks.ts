import type { Chunk, ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";

const aHeader = (records: number, content: ChunkHeader["content"]): ChunkHeader => ({
  v: 1,
  connector: "engagement",
  source: { fileId: "f1", uri: "folder:///currents/a.avro" },
  landedAtMs: 1_760_000_000_000,
  records,
  spans: [{ blockOffset: 0, firstRecord: 0, records }],
  content,
});

/** A chunk of Custom HTTP events, one JSON text each. */
export const aJsonChunk = (lines: readonly string[]): Chunk => ({
  header: aHeader(lines.length, { encoding: "json" }),
  body: Buffer.from(lines.map((line) => `${line}\n`).join("")),
});

/** A chunk of records as Avro wrote them, back to back. */
export const anAvroChunk = (
  eventType: string,
  schema: object,
  { records, body }: { records: number; body: Iterable<number> },
): Chunk => ({
  header: aHeader(records, { encoding: "avro", eventType, schema: JSON.stringify(schema) }),
  body: Uint8Array.from(body),
});
