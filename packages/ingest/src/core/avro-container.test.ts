import { describe, expect, it } from "vitest";
import {
  aBlock,
  aClick,
  aFile,
  aHeader,
  aRawBlock,
  clicks,
  clickName,
  compressed,
  inPieces,
  long,
  string,
  sync,
} from "./avro-writer.testing.ts";
import { readContainer } from "./avro-container.ts";
import type { BlockPart, ContainerPart, HeaderPart, ReadOptions } from "./avro-container.ts";
import { collected, collectedParts } from "./avro-writer.testing.ts";
import { codecNames } from "./codecs.ts";
import { defaultContainerLimits } from "./limits.ts";

const read = (bytes: Buffer, options?: ReadOptions, sizes?: number[]): Promise<ContainerPart[]> =>
  collectedParts(readContainer(inPieces(bytes, sizes), options));

const blocksOf = (parts: ContainerPart[]): BlockPart[] => parts.filter((part) => part.kind === "block");
const faultsOf = (parts: ContainerPart[]) =>
  parts.flatMap((part) => (part.kind === "fault" ? [{ offset: part.offset, reason: part.reason }] : []));
const headerOf = (parts: ContainerPart[]): HeaderPart => {
  const [first] = parts;
  if (first?.kind !== "header") throw new Error("the file has no header");
  return first;
};

const idsOf = (parts: ContainerPart[]): unknown[] =>
  blocksOf(parts).flatMap(({ data, records }) =>
    headerOf(parts)
      .recordType.decodeAll(data, records)
      .map(({ id }) => id),
  );

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe.each(codecNames)("a file with codec %s", (codec) => {
  const file = aFile([clicks(3, "a"), clicks(2, "b"), clicks(4, "c")], codec);

  it("comes out block by block, with offsets that lead back to each", async () => {
    const parts = await read(file.bytes);
    expect(idsOf(parts)).toEqual([...ids("a", 3), ...ids("b", 2), ...ids("c", 4)]);
    expect(blocksOf(parts).map(({ offset }) => offset)).toEqual(file.offsets.slice(0, -1));
    expect(blocksOf(parts).map(({ endOffset }) => endOffset)).toEqual(file.offsets.slice(1));
    expect(headerOf(parts)).toMatchObject({ codec, sync, endOffset: file.offsets[0] });
    expect(faultsOf(parts)).toEqual([]);
  });

  it("comes out the same when its bytes arrive one at a time", async () => {
    const plain = (parts: ContainerPart[]) => parts.map((part) => ({ ...part, recordType: undefined }));
    expect(plain(await read(file.bytes, {}, [1]))).toEqual(plain(await read(file.bytes)));
  });

  it("says of each record where it ends in the data", async () => {
    for (const { data, recordEnds, records } of blocksOf(await read(file.bytes))) {
      expect(recordEnds).toHaveLength(records);
      expect(recordEnds.at(-1)).toBe(data.length);
    }
  });

  it("can be read on from any of its blocks", async () => {
    const header = headerOf(await read(file.bytes));
    const blockOffset = file.offsets[1] ?? 0;
    const parts = await read(file.bytes.subarray(blockOffset), { resume: { header, blockOffset } });
    expect(idsOf(parts)).toEqual([...ids("b", 2), ...ids("c", 4)]);
    expect(blocksOf(parts).map(({ offset }) => offset)).toEqual(file.offsets.slice(1, -1));
  });
});

describe("a header", () => {
  it("without an entry for the codec means no compression", async () => {
    const { schemaText } = headerOf(await read(aHeader()));
    const header = Buffer.concat([
      Buffer.from("Obj\x01", "latin1"),
      long(1),
      string("avro.schema"),
      string(schemaText),
    ]);
    const parts = await read(Buffer.concat([header, long(0), sync, aBlock(clicks(2))]));
    expect(headerOf(parts).codec).toBe("null");
    expect(idsOf(parts)).toEqual(ids("click", 2));
  });

  it("may have its entries in runs with a byte size, and entries of others", async () => {
    const { schemaText } = headerOf(await read(aHeader()));
    const schema = Buffer.concat([string("avro.schema"), string(schemaText)]);
    const own = Buffer.concat([string("writer"), string("braze")]);
    const entries = [long(-1), long(schema.length), schema, long(1), own, long(0)];
    const parts = await read(Buffer.concat([Buffer.from("Obj\x01", "latin1"), ...entries, sync, aBlock(clicks(1))]));
    expect(headerOf(parts).metadata.get("writer")?.toString()).toBe("braze");
    expect(headerOf(parts).recordType.name).toBe(clickName);
    expect(idsOf(parts)).toEqual(ids("click", 1));
  });

  it.each([
    ["nothing", Buffer.alloc(0), "empty-file"],
    ["other bytes", Buffer.from("PK\x03\x04 this is a zip"), "not-avro"],
    ["JSON", Buffer.from("{}"), "not-avro"],
    ["a piece of the magic", Buffer.from("Ob"), "truncated"],
    ["a codec that nobody knows", aHeader({ codec: "lzma" }), "unsupported-codec"],
    ["bzip2", aHeader({ codec: "bzip2" }), "unsupported-codec"],
    ["xz", aHeader({ codec: "xz" }), "unsupported-codec"],
    ["a schema that is not JSON", aHeader({ schema: "{" }), "bad-schema"],
    ["a schema that is no record", aHeader({ schema: '"string"' }), "bad-schema"],
    ["a schema of more than 1 MiB", aHeader({ schema: `{"doc":"${"x".repeat(1024 * 1024)}"}` }), "over-limit"],
    ["more than 2 MiB", aHeader({ codec: "x".repeat(2 * 1024 * 1024) }), "over-limit"],
    ["no schema", Buffer.concat([Buffer.from("Obj\x01", "latin1"), long(0), sync]), "bad-schema"],
    [
      "an entry of negative length",
      Buffer.concat([Buffer.from("Obj\x01", "latin1"), long(1), long(-5), sync]),
      "not-avro",
    ],
    ["a billion entries", Buffer.concat([Buffer.from("Obj\x01", "latin1"), long(1e9), sync]), "over-limit"],
    ["2^62 entries", Buffer.concat([Buffer.from("Obj\x01", "latin1"), long(-(2n ** 62n)), long(0)]), "over-limit"],
    ["a number without end", Buffer.concat([Buffer.from("Obj\x01", "latin1"), Buffer.alloc(20, 0xff)]), "not-avro"],
    ["a field named __proto__", aHeader({ schema: protoSchema() }), "bad-schema"],
  ])("with %s is one fault, and nothing is read behind it", async (_, bytes, reason) => {
    const parts = await read(Buffer.concat([bytes, ...(bytes.length > 20 ? [aBlock(clicks(2))] : [])]));
    expect(parts).toMatchObject([{ kind: "fault", offset: 0, reason }]);
  });
});

function protoSchema(): string {
  return '{"type":"record","name":"E","fields":[{"name":"__proto__","type":{"type":"map","values":"string"}}]}';
}

describe("a block that lies about itself", () => {
  const before = aBlock(clicks(2, "before"));
  const after = aBlock(clicks(2, "after"));
  const around = (...middle: Buffer[]) => Buffer.concat([aHeader(), before, ...middle, after]);
  const middleOffset = aHeader().length + before.length;
  const data = Buffer.concat(clicks(2));

  it.each([
    ["a negative count", aRawBlock(data, -2), "corrupt-block"],
    ["a negative size", aRawBlock(data, 2, -40), "corrupt-block"],
    ["a count of 2^60", aRawBlock(data, 2n ** 60n), "over-limit"],
    ["a size of 2^60", aRawBlock(data, 2, 2n ** 60n), "over-limit"],
    ["a million records in a few bytes", aRawBlock(data, 1_000_000), "corrupt-block"],
    ["one record too many", aRawBlock(data, 3), "corrupt-block"],
    ["one record too few", aRawBlock(data, 1), "corrupt-block"],
    ["no records, and bytes", aRawBlock(data, 0), "corrupt-block"],
    ["a size that reaches far behind the file", aRawBlock(data, 2, 1_000_000), "corrupt-block"],
    ["a size that is too short", aRawBlock(data, 2, data.length - 1), "corrupt-block"],
    ["a size that swallows exactly the next block", swallowing(data), "corrupt-block"],
    ["numbers without end", Buffer.concat([Buffer.alloc(30, 0xff), sync]), "corrupt-block"],
    ["a string that is longer than the block", aRawBlock(Buffer.concat([long(500), data]), 2), "corrupt-block"],
  ])("with %s is a fault with its offset, and the blocks around it come out", async (_, block, reason) => {
    const parts = await read(around(block));
    expect(faultsOf(parts)).toEqual([{ offset: middleOffset, reason }]);
    expect(idsOf(parts)).toEqual([...ids("before", 2), ...ids("after", 2)]);
  });

  it.each([
    [aRawBlock(data, -2), `the block says -2 records in ${data.length} bytes`],
    [aRawBlock(data, 2, -40), "the block says 2 records in -40 bytes"],
    [aRawBlock(data, 2_000_000), "the block says 2000000 records"],
    [aRawBlock(data, 2, 2 ** 30), "the block says 1073741824 bytes"],
  ])("is quoted, with where reading goes on", async (block, message) => {
    const goesOn = `reading goes on at ${middleOffset + block.length}`;
    expect((await read(around(block)))[2]).toMatchObject({ kind: "fault", message: `${message}; ${goesOn}` });
  });

  it("may have no records and no bytes", async () => {
    const parts = await read(around(aRawBlock(Buffer.alloc(0), 0)));
    expect(faultsOf(parts)).toEqual([]);
    expect(idsOf(parts)).toEqual([...ids("before", 2), ...ids("after", 2)]);
  });

  it("is searched past without holding it, however long it is", async () => {
    const limits = { ...defaultContainerLimits, maxCompressedBlockBytes: 1_000 };
    const parts = await read(around(aRawBlock(Buffer.alloc(100_000), 1)), { limits }, [700]);
    expect(faultsOf(parts)).toEqual([{ offset: middleOffset, reason: "over-limit" }]);
    expect(idsOf(parts)).toEqual([...ids("before", 2), ...ids("after", 2)]);
  });

  it.each([1, 5, 15, 16, 17])("is searched past also when the marker arrives in pieces of %i bytes", async (size) => {
    const limits = { ...defaultContainerLimits, maxCompressedBlockBytes: 100 };
    const parts = await read(around(aRawBlock(Buffer.alloc(200), 1)), { limits }, [size]);
    expect(idsOf(parts)).toEqual([...ids("before", 2), ...ids("after", 2)]);
  });

  it("ends the reading when a whole row of blocks does", async () => {
    const limits = { ...defaultContainerLimits, maxFaultsInARow: 3 };
    const parts = await read(around(...Array.from({ length: 9 }, () => aRawBlock(data, 7))), { limits });
    expect(faultsOf(parts).map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 3 }, () => "corrupt-block"),
      "over-limit",
    ]);
    expect(idsOf(parts)).toEqual(ids("before", 2));
  });

  it("ends nothing when good blocks come between", async () => {
    const limits = { ...defaultContainerLimits, maxFaultsInARow: 2 };
    const lie = aRawBlock(data, 7);
    const parts = await read(around(lie, before, lie, before, lie), { limits });
    expect(faultsOf(parts)).toHaveLength(3);
    expect(idsOf(parts)).toHaveLength(8);
  });
});

/** A block whose size takes in the whole block behind it: the markers agree, only the records do not. */
function swallowing(data: Buffer): Buffer {
  const behind = aBlock(clicks(2, "after"));
  return aRawBlock(data, 2, data.length + behind.length);
}

describe("a decompression bomb", () => {
  const limits = { ...defaultContainerLimits, maxBlockBytes: 100_000 };
  const zeros = Buffer.alloc(50_000_000);

  it.each(["deflate", "snappy", "zstandard"] as const)("in %s is a fault, and is not let grow", async (codec) => {
    const bomb = aRawBlock(compressed[codec](zeros), 1);
    const file = Buffer.concat([aHeader({ codec }), bomb, aBlock(clicks(2), codec)]);
    const parts = await read(file, { limits });
    expect(faultsOf(parts)).toEqual([{ offset: aHeader({ codec }).length, reason: "over-limit" }]);
    expect(idsOf(parts)).toEqual(ids("click", 2));
  });

  it("that only says so, in snappy, is refused before any memory is taken", async () => {
    const lie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 0, 0, 0, 0]);
    const parts = await read(Buffer.concat([aHeader({ codec: "snappy" }), aRawBlock(lie, 1)]));
    expect(faultsOf(parts)).toMatchObject([{ reason: "over-limit" }]);
  });
});

describe("a source", () => {
  it("that fails passes its error on", async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield aHeader();
      throw new Error("connection reset");
    }
    await expect(collected(readContainer(failing()))).rejects.toThrow("connection reset");
  });

  it("is closed when the reader stops early", async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        yield aHeader();
        for (;;) yield aBlock([aClick("one")]);
      } finally {
        isClosed = true;
      }
    }
    for await (const part of readContainer(endless())) if (part.kind === "block") break;
    expect(isClosed).toBe(true);
  });

  it("may write over a piece when it is asked for the next one, wherever the pieces end", async () => {
    const file = aFile([clicks(3, "a"), clicks(30, "b"), clicks(3, "c")]);
    const whole = idsOf(await read(file.bytes));
    expect(whole).toHaveLength(36);
    for (const size of [1, 7, 50, 300, file.bytes.length - 1])
      expect(idsOf(await read(file.bytes, undefined, [size]))).toEqual(whole);
  });

  it("may end a piece right behind the beginning of a large block", async () => {
    const file = aFile([clicks(2, "a"), clicks(4_000, "b")]);
    const [large = 0] = file.offsets.slice(1);
    expect(file.bytes.length - large).toBeGreaterThan(70_000);
    const parts = await read(file.bytes, undefined, [large + 5, 70_000]);
    expect(idsOf(parts)).toEqual([...ids("a", 2), ...ids("b", 4_000)]);
  });
});
