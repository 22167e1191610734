import type { BlockSpan, Chunk, ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";
import { newPage, type OpenPage } from "@currents-relay/shared/core/pages.ts";
import type { BlockPart, ContainerPart, FaultPart, HeaderPart } from "./avro-container.ts";
import { chunkLimits } from "./limits.ts";

/** Where to read on after a chunk: nothing before it belongs to a later chunk. */
export interface ResumePoint {
  /** Where in the file the next block to read begins. */
  blockOffset: number;
  /** How many records of that block are in chunks already. */
  recordIndex: number;
  /** The number of the next chunk, from 0. */
  chunkIndex: number;
}

export interface ChunkPart {
  kind: "chunk";
  /** From 0, without gaps: with the file's id it is the chunk's identity. */
  index: number;
  /** Its body is good until the next part is asked for. */
  chunk: Chunk;
  resumeAt: ResumePoint;
}

/** What a chunk must know that is not in the file's blocks. */
export interface ChunkSource {
  connector: string;
  source: ChunkHeader["source"];
  landedAtMs: number;
  /** See event-type.ts. Undefined makes the whole file a fault "unknown-event-type". */
  eventTypeOf: (recordName: string) => string | undefined;
}

/** A run of whole records, and where reading goes on behind it. */
interface Piece {
  span: BlockSpan;
  bytes: Buffer;
  after: { blockOffset: number; recordIndex: number };
}

/**
 * Cuts a block at record borders into the longest pieces of up to 1,500 records and 1 MiB (a record that is larger
 * stands alone). A cut depends only on the records behind the one before: reading on inside a block cuts alike.
 */
function* piecesOf(block: BlockPart, firstRecord: number): Generator<Piece> {
  const { data, recordEnds, offset, endOffset, records } = block;
  const endOf = (index: number): number => (index < 0 ? 0 : (recordEnds[index] ?? data.length));
  for (let first = firstRecord; first < records;) {
    const start = endOf(first - 1);
    let next = first + 1;
    const isRoom = () => next - first < chunkLimits.closeAtRecords && endOf(next) - start <= chunkLimits.closeAtBytes;
    while (next < records && isRoom()) next++;
    yield {
      span: { blockOffset: offset, firstRecord: first, records: next - first },
      bytes: data.subarray(start, endOf(next - 1)),
      after: next === records ? { blockOffset: endOffset, recordIndex: 0 } : { blockOffset: offset, recordIndex: next },
    };
    first = next;
  }
}

/** The pieces that wait to become a chunk, copied into one page. Lives as long as one reading of one file. */
const gatherer = (header: Omit<ChunkHeader, "records" | "spans">, firstIndex: number, openPage: OpenPage) => {
  let index = firstIndex;
  let pieces: Omit<Piece, "bytes">[] = [];
  let records = 0;
  let page: Buffer = Buffer.alloc(0);
  let bytes = 0;

  const copy = (piece: Buffer): void => {
    if (bytes + piece.length > page.length) {
      const larger = openPage(Math.max(bytes + piece.length, 2 * page.length));
      page.copy(larger, 0, 0, bytes);
      page = larger;
    }
    page.set(piece, bytes);
    bytes += piece.length;
  };

  const close = (): ChunkPart | undefined => {
    const last = pieces.at(-1);
    if (!last) return undefined;
    const spans = pieces.map(({ span }) => span);
    const chunk = { header: { ...header, records, spans }, body: page.subarray(0, bytes) };
    const closed: ChunkPart = { kind: "chunk", index, chunk, resumeAt: { ...last.after, chunkIndex: index + 1 } };
    [index, pieces, records, bytes] = [index + 1, [], 0, 0];
    return closed;
  };

  const add = ({ span, bytes: piece, after }: Piece): ChunkPart | undefined => {
    pieces.push({ span, after });
    records += span.records;
    copy(piece);
    return records >= chunkLimits.closeAtRecords || bytes >= chunkLimits.closeAtBytes ? close() : undefined;
  };

  return { add, close };
};

const chunkHeader = (
  { connector, source, landedAtMs }: ChunkSource,
  { schemaText }: HeaderPart,
  eventType: string,
): Omit<ChunkHeader, "records" | "spans"> => ({
  v: 1,
  connector,
  source,
  landedAtMs,
  content: { encoding: "avro", eventType, schema: schemaText },
});

/**
 * Gathers the blocks of one file into chunks; faults pass through, in order with the blocks around them.
 * A chunk is closed behind the piece that brings it to 1,500 records or 1 MiB, and at the end of the file, so it has
 * fewer than 3,000 records. Chunks are a pure function of the file: reading on at a chunk's `resumeAt` (with parts read
 * from its `blockOffset`) gives the chunks that would have followed, with the same numbers. Faults that lie behind
 * `resumeAt` come (again) with them; all others came before the chunk. One chunk after the other lies in the page that
 * `openPage` gives.
 */
export async function* cutChunks(
  parts: AsyncIterable<ContainerPart>,
  source: ChunkSource,
  from?: ResumePoint,
  openPage: OpenPage = newPage,
): AsyncGenerator<ChunkPart | FaultPart> {
  let gathered: ReturnType<typeof gatherer> | undefined;
  for await (const part of parts) {
    if (part.kind === "fault") {
      yield part;
    } else if (part.kind === "header") {
      const eventType = source.eventTypeOf(part.recordType.name);
      if (eventType === undefined) return yield unknownType(part);
      gathered = gatherer(chunkHeader(source, part, eventType), from?.chunkIndex ?? 0, openPage);
    } else {
      const firstRecord = part.offset === from?.blockOffset ? from.recordIndex : 0;
      for (const piece of piecesOf(part, firstRecord)) {
        const closed = gathered?.add(piece);
        if (closed) yield closed;
      }
    }
  }
  const last = gathered?.close();
  if (last) yield last;
}

const unknownType = ({ recordType }: HeaderPart): FaultPart => ({
  kind: "fault",
  offset: 0,
  reason: "unknown-event-type",
  message: `neither the record's name (${JSON.stringify(recordType.name)}) nor the path says what events these are`,
});
