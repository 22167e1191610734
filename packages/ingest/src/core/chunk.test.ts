import { decodeChunk, encodeChunk, originOf } from "@currents-relay/shared/contracts/chunk.ts";
import { readRecordType } from "@currents-relay/shared/avro/record-type.ts";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aBlock,
  aClick,
  aFile,
  aHeader,
  aRawBlock,
  clickName,
  clicks,
  clickSchema,
  inPieces,
} from "./avro-writer.testing.ts";
import { readContainer } from "./avro-container.ts";
import type { FaultPart } from "./avro-container.ts";
import type { ContainerHeader } from "./container-header.ts";
import { cutChunks } from "./chunk.ts";
import type { ChunkPart, ChunkSource } from "./chunk.ts";

const source: ChunkSource = {
  connector: "engagement",
  source: { fileId: "f1", uri: "s3://bucket/file.avro" },
  landedAtMs: 1_700_000_000_000,
  eventTypeOf: (recordName) => (recordName === clickName ? "users.messages.email.Click" : undefined),
};

/** With chunks that outlive the next one. */
const kept = async (parts: ReturnType<typeof cutChunks>): Promise<(ChunkPart | FaultPart)[]> => {
  const list: (ChunkPart | FaultPart)[] = [];
  for await (const part of parts)
    list.push(part.kind === "fault" ? part : { ...part, chunk: { ...part.chunk, body: Buffer.from(part.chunk.body) } });
  return list;
};

const cut = (bytes: Buffer, sizes?: number[]) => kept(cutChunks(readContainer(inPieces(bytes, sizes)), source));

const chunksOf = (parts: Awaited<ReturnType<typeof cut>>): ChunkPart[] => parts.filter((part) => part.kind === "chunk");

/** A part whose bytes are a checksum: comparing megabytes byte by byte takes the test's whole time. */
const inBrief = (part: ChunkPart | FaultPart): unknown =>
  part.kind === "chunk" ? { ...part, chunk: { ...part.chunk, body: crc32(part.chunk.body) } } : part;

const headerOf = async (bytes: Buffer): Promise<ContainerHeader> => {
  for await (const part of readContainer(inPieces(bytes))) if (part.kind === "header") return part;
  throw new Error("the file has no header");
};

const idsOf = ({ chunk }: ChunkPart): unknown[] =>
  readRecordType(clickSchema)
    .decodeAll(Buffer.from(chunk.body), chunk.header.records)
    .map(({ id }) => id);

/** A click has its id in two fields. */
const largeRecord = (id: string, bytes: number): Buffer => aClick(`${id}-${"x".repeat(bytes / 2)}`);

/** Files with small, large and huge blocks and now and then a bad one. */
const anyFile = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.nat(300).map((count) => aBlock(clicks(count, "s"))) },
      { weight: 2, arbitrary: fc.integer({ min: 450, max: 1_700 }).map((count) => aBlock(clicks(count, "l"))) },
      {
        weight: 1,
        arbitrary: fc.nat(3).map((count) => aBlock(Array.from({ length: count }, () => largeRecord("h", 600_000)))),
      },
      { weight: 1, arbitrary: fc.nat(20).map((bytes) => aRawBlock(Buffer.alloc(bytes, 7), 3)) },
    ),
    { maxLength: 8 },
  )
  .map((blocks) => Buffer.concat([aHeader(), ...blocks]));

describe("chunks of a file", () => {
  it("gather blocks until they have 1,500 records, and leave the rest to the last one", async () => {
    const { bytes, offsets } = aFile([600, 600, 600, 50].map((count, block) => clicks(count, `b${block}`)));
    const [first, second, ...more] = chunksOf(await cut(bytes));
    expect(more).toEqual([]);
    expect(first?.chunk.header.spans).toEqual(
      [0, 1, 2].map((block) => ({ blockOffset: offsets[block], firstRecord: 0, records: 600 })),
    );
    expect(first?.resumeAt).toEqual({ blockOffset: offsets[3], recordIndex: 0, chunkIndex: 1 });
    expect(second?.chunk.header).toMatchObject({ records: 50, spans: [{ blockOffset: offsets[3] }] });
    expect(second?.resumeAt).toEqual({ blockOffset: bytes.length, recordIndex: 0, chunkIndex: 2 });
  });

  it("gather blocks until they have 1 MiB", async () => {
    const block = [largeRecord("a", 400_000)];
    const { bytes } = aFile([block, block, block, block]);
    expect(chunksOf(await cut(bytes)).map(({ chunk }) => chunk.header.records)).toEqual([3, 1]);
  });

  it("cut a block of many records inside, at every 1,500th", async () => {
    const { bytes, offsets } = aFile([clicks(3_600)]);
    const chunks = chunksOf(await cut(bytes));
    const [blockOffset] = offsets;
    expect(chunks.map(({ chunk }) => chunk.header.spans)).toEqual([
      [{ blockOffset, firstRecord: 0, records: 1_500 }],
      [{ blockOffset, firstRecord: 1_500, records: 1_500 }],
      [{ blockOffset, firstRecord: 3_000, records: 600 }],
    ]);
    expect(chunks.map(({ resumeAt }) => resumeAt.recordIndex)).toEqual([1_500, 3_000, 0]);
    expect(chunks.flatMap(idsOf)).toEqual(Array.from({ length: 3_600 }, (_, index) => `click-${index}`));
  });

  it("cut a block of many bytes inside, at record borders", async () => {
    const { bytes } = aFile([
      [largeRecord("a", 700_000), largeRecord("b", 2_000_000), aClick("c"), largeRecord("d", 700_000)],
    ]);
    expect(chunksOf(await cut(bytes)).map(({ chunk }) => chunk.header.records)).toEqual([2, 2]);
  });

  it("carry the schema, the event type, the landing time and where they come from", async () => {
    const [only] = chunksOf(await cut(aFile([clicks(2)]).bytes));
    expect(only?.chunk.header).toMatchObject({
      v: 1,
      connector: "engagement",
      source: source.source,
      landedAtMs: source.landedAtMs,
      content: { encoding: "avro", eventType: "users.messages.email.Click", schema: clickSchema },
    });
  });

  it("lead from each record back to its block and its place there, through the spool", async () => {
    const { bytes, offsets } = aFile([clicks(3, "a"), clicks(2, "b")]);
    const [only] = chunksOf(await cut(bytes));
    if (!only) throw new Error("there is no chunk");
    const { header } = decodeChunk(Buffer.concat(encodeChunk(only.chunk)));
    expect(originOf(header, 4)).toEqual({ uri: source.source.uri, blockOffset: offsets[1], recordIndex: 1 });
  });

  it("hold every record of the good blocks once and in order, and the fault of each bad one", async () => {
    const good = [aBlock(clicks(3, "a")), aBlock(clicks(3, "c"))] as const;
    const parts = await cut(Buffer.concat([aHeader(), good[0], aRawBlock(Buffer.alloc(9), 1), good[1]]));
    expect(parts.map(({ kind }) => kind)).toEqual(["fault", "chunk"]);
    expect(chunksOf(parts).flatMap(idsOf)).toEqual(["a-0", "a-1", "a-2", "c-0", "c-1", "c-2"]);
  });

  it("are none where nothing says what type the events are", async () => {
    const schema = clickSchema.replace(clickName, "com.example.Order");
    const parts = await cut(Buffer.concat([aHeader({ schema }), aBlock(clicks(2))]));
    expect(parts).toMatchObject([{ kind: "fault", offset: 0, reason: "unknown-event-type" }]);
  });

  it("are the same however the file's bytes arrive", async () => {
    const sizes = fc.array(fc.integer({ min: 50, max: 70_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(anyFile, sizes, async (file, pieces) => {
        const whole = (await cut(file)).map(inBrief);
        expect((await cut(file, pieces)).map(inBrief)).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it("go on behind any chunk as they would have without a stop, and no fault is left out", async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, fc.nat(), async (file, turn) => {
        const all = await cut(file);
        const chunks = chunksOf(all);
        const stopped = chunks[turn % Math.max(1, chunks.length)];
        if (!stopped) return;
        const { resumeAt } = stopped;
        const resume = { header: await headerOf(file), blockOffset: resumeAt.blockOffset };
        const parts = readContainer(inPieces(file.subarray(resumeAt.blockOffset), [10_000]), { resume });
        const rest = await kept(cutChunks(parts, source, resumeAt));
        expect(chunksOf(rest).map(inBrief)).toEqual(chunks.slice(stopped.index + 1).map(inBrief));
        const isAhead = (part: (typeof all)[number]) => part.kind === "fault" && part.offset >= resumeAt.blockOffset;
        expect(rest.filter(({ kind }) => kind === "fault")).toEqual(all.filter(isAhead));
        // Every other fault had come out before the chunk did.
        const passed = all.slice(0, all.indexOf(stopped)).filter(({ kind }) => kind === "fault");
        expect(passed).toEqual(expect.arrayContaining(all.filter((part) => part.kind === "fault" && !isAhead(part))));
      }),
      { numRuns: 60 },
    );
  });
});
