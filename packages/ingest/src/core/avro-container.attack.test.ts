import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aBlock, aFile, aHeader, aRawBlock, clicks, collectedParts, inPieces, sync } from "./avro-writer.testing.ts";
import { readContainer } from "./avro-container.ts";
import type { BlockPart, ContainerPart, FaultPart } from "./avro-container.ts";
import { codecNames } from "./codecs.ts";
import type { CodecName } from "./codecs.ts";

const read = (bytes: Buffer, sizes?: number[]): Promise<ContainerPart[]> =>
  collectedParts(readContainer(inPieces(bytes, sizes)));

const blocksOf = (parts: ContainerPart[]): BlockPart[] => parts.filter((part) => part.kind === "block");
const faultsOf = (parts: ContainerPart[]): FaultPart[] => parts.filter((part) => part.kind === "fault");
const dataOf = (parts: ContainerPart[]): string[] => blocksOf(parts).map(({ data }) => data.toString("hex"));

const counts = [2, 3, 1, 2];
const smallFile = (codec: CodecName) =>
  aFile(
    counts.map((count, block) => clicks(count, `b${block}`)),
    codec,
  );
const intact = counts.map((count, block) => Buffer.concat(clicks(count, `b${block}`)).toString("hex"));

/** The block that the byte at `position` is in; -1 for the header. */
const blockAt = (offsets: number[], position: number): number =>
  offsets.filter((offset) => offset <= position).length - 1;

const flipped = (bytes: Buffer, position: number, pattern: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ pattern;
  return copy;
};

describe.each(codecNames)("a small file with codec %s", (codec) => {
  const { bytes, offsets } = smallFile(codec);
  const headerBytes = offsets[0] ?? 0;

  it("that is cut at any byte gives its whole blocks and one fault where the cut one begins", async () => {
    for (let end = 0; end < bytes.length; end++) {
      const parts = await read(bytes.subarray(0, end), [97]);
      const whole = Math.max(0, blockAt(offsets, end));
      expect(dataOf(parts), `cut at ${end}`).toEqual(intact.slice(0, whole));
      // A file that ends between two blocks is a good file: nothing in Avro says how many there should be.
      const isBetweenBlocks = offsets.includes(end);
      const offset = end < headerBytes ? 0 : offsets[whole];
      const expected = isBetweenBlocks ? [] : [{ offset, reason: end === 0 ? "empty-file" : "truncated" }];
      expect(faultsOf(parts), `cut at ${end}`).toMatchObject(expected);
      expect(faultsOf(parts)).toHaveLength(expected.length);
    }
  });

  it.each([0x01, 0x80, 0x55, 0xff])(
    "with bits %i of any byte of a block turned over gives every other block, and a fault or a block that checks",
    async (pattern) => {
      for (let position = headerBytes; position < bytes.length; position++) {
        const hit = blockAt(offsets, position);
        const parts = await read(flipped(bytes, position, pattern), [position % 50 === 0 ? 1 : 4096]);
        const byOffset = new Map(blocksOf(parts).map((block) => [block.offset, block.data.toString("hex")]));
        const where = `byte ${position}`;
        intact.forEach((data, block) => {
          if (block !== hit) expect(byOffset.get(offsets[block] ?? 0), where).toBe(data);
        });
        const out = byOffset.get(offsets[hit] ?? 0);
        if (out === undefined) expect(faultsOf(parts).map(({ offset }) => offset)).toEqual([offsets[hit]]);
        else expect(faultsOf(parts), where).toEqual([]);
        expect(byOffset.size, where).toBe(out === undefined ? counts.length - 1 : counts.length);
        // Nothing but snappy has a checksum: changed data that still reads as records cannot be told from good data.
        if (codec === "snappy" && out !== undefined) expect(out, where).toBe(intact[hit]);
      }
    },
  );

  it.each([0x01, 0x80, 0xff])(
    "with bits %i of a count, a size or a marker turned over always reports the block",
    async (pattern) => {
      for (let block = 0; block < counts.length; block++) {
        const start = offsets[block] ?? 0;
        const end = offsets[block + 1] ?? 0;
        const sizeBytes = end - start - sync.length > 65 ? 2 : 1; // a zigzag varint of one byte goes up to 63
        const framing = [0, ...Array.from({ length: sizeBytes }, (_, index) => index + 1)].map(
          (index) => start + index,
        );
        for (const position of [...framing, ...Array.from(sync, (_, index) => end - sync.length + index)]) {
          const parts = await read(flipped(bytes, position, pattern));
          expect(
            faultsOf(parts).map(({ offset }) => offset),
            `byte ${position}`,
          ).toEqual([start]);
          expect(dataOf(parts), `byte ${position}`).toEqual(intact.filter((_, index) => index !== block));
        }
      }
    },
  );

  it.each([0x01, 0x20, 0x80, 0xff])(
    "with bits %i of any byte of its header turned over gives all, or a fault",
    async (pattern) => {
      for (let position = 0; position < headerBytes; position++) {
        const parts = await read(flipped(bytes, position, pattern));
        // The header has no checksum either: another letter in a field's name is another name.
        const isComplete = blocksOf(parts).length === counts.length;
        expect(isComplete || faultsOf(parts).length > 0, `byte ${position}`).toBe(true);
        if (position < 4) expect(faultsOf(parts)).toMatchObject([{ offset: 0, reason: "not-avro" }]);
        if (position >= headerBytes - sync.length) expect(faultsOf(parts)).not.toEqual([]);
      }
    },
  );

  it("with anything behind its last block gives its blocks and a fault where that begins", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (garbage) => {
        const parts = await read(Buffer.concat([bytes, garbage]));
        expect(dataOf(parts)).toEqual(intact);
        expect(faultsOf(parts)).toHaveLength(1);
        expect(faultsOf(parts)[0]?.offset).toBe(bytes.length);
        expect(["truncated", "corrupt-block", "over-limit"]).toContain(faultsOf(parts)[0]?.reason);
      }),
      { numRuns: 100 },
    );
  });

  it("that is changed in any way never throws, and what comes out of it has been checked", async () => {
    const edit = fc.record({
      at: fc.nat(bytes.length - 1),
      remove: fc.nat(30),
      insert: fc.uint8Array({ maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 300 }),
        async (edits, size) => {
          let changed = bytes;
          for (const { at, remove, insert } of edits)
            changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]);
          const parts = await read(changed, [size]);
          const [header] = parts;
          for (const { data, records, recordEnds, offset, endOffset } of blocksOf(parts)) {
            if (header?.kind !== "header") throw new Error("a block came out of a file without a header");
            expect(header.recordType.decodeAll(data, records)).toHaveLength(records);
            expect(recordEnds.at(-1) ?? 0).toBe(data.length);
            expect(changed.subarray(endOffset - sync.length, endOffset)).toEqual(header.sync);
            expect(offset).toBeLessThan(endOffset);
          }
          const offsetsOut = parts.slice(1).map((part) => ("offset" in part ? part.offset : -1));
          expect(offsetsOut).toEqual(offsetsOut.toSorted((left, right) => left - right));
          for (const { reason, message } of faultsOf(parts)) expect(reason && message).not.toBe("");
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("a file of nothing but sync markers", () => {
  it("ends, with as many faults in a row as are let pass and one more", async () => {
    const markers = Buffer.concat(Array.from({ length: 5_000 }, () => sync));
    const parts = await read(Buffer.concat([aHeader(), markers, aBlock(clicks(1))]));
    expect(faultsOf(parts).length).toBeLessThanOrEqual(1_001);
    expect(faultsOf(parts).at(-1)?.reason).toBe("over-limit");
  });
});

describe("a file of bad blocks", () => {
  const bad = aRawBlock(Buffer.from([1]), 1);
  const faults = async (between: Buffer) => {
    const blocks = Array.from({ length: 2_000 }, () => [bad, between]).flat();
    return faultsOf(await read(Buffer.concat([aHeader(), ...blocks])));
  };

  it("is given up after 1,000 of them, also with empty blocks in between, which cost nothing", async () => {
    const found = await faults(aRawBlock(Buffer.alloc(0), 0));
    expect(found).toHaveLength(1_001);
    expect(found.at(-1)).toMatchObject({
      reason: "over-limit",
      message: "1000 bad blocks in a row; the rest is not read",
    });
  });

  it("is read to its end with good blocks in between", async () => {
    expect(await faults(aBlock(clicks(1)))).toHaveLength(2_000);
  });
});
