import { describe, expect, it } from "vitest";
import { compressed } from "./avro-writer.testing.ts";
import { codecNames, decompressBlock, isCodecName } from "./codecs.ts";

const data = Buffer.from("one event after the other, ".repeat(40));

describe.each(codecNames)("codec %s", (codec) => {
  const block = compressed[codec](data);

  it("gives back what was compressed, up to the very limit", () => {
    expect(decompressBlock(codec, block, data.length)).toEqual({ kind: "ok", value: data });
    expect(decompressBlock(codec, block, data.length - 1)).toMatchObject({ kind: "quarantine", reason: "over-limit" });
  });

  it("gives back no bytes for a block of none", () => {
    expect(decompressBlock(codec, compressed[codec](Buffer.alloc(0)), 1)).toMatchObject({ kind: "ok" });
  });
});

describe.each(["deflate", "snappy", "zstandard"] as const)("codec %s", (codec) => {
  it("refuses a block that is cut, or no such block at all", () => {
    const block = compressed[codec](data);
    for (let end = 0; end < block.length; end++)
      expect(decompressBlock(codec, block.subarray(0, end), 10_000)).toMatchObject({ reason: "corrupt-block" });
    expect(decompressBlock(codec, Buffer.alloc(12, 0x77), 10_000)).toMatchObject({ kind: "quarantine" });
  });
});

describe("codec snappy", () => {
  it("refuses data whose checksum is another's, also where it decompresses", () => {
    const block = compressed.snappy(data);
    block.writeUInt32BE(block.readUInt32BE(block.length - 4) ^ 1, block.length - 4);
    expect(decompressBlock("snappy", block, 10_000)).toMatchObject({
      reason: "corrupt-block",
      cause: { message: "snappy: the checksum does not match" },
    });
  });
});

describe("codec deflate", () => {
  it("lets pass the bytes of zlib's checksum that Python's writers leave behind", () => {
    const block = Buffer.concat([compressed.deflate(data), Buffer.from([1, 2, 3])]);
    expect(decompressBlock("deflate", block, 10_000)).toEqual({ kind: "ok", value: data });
  });
});

describe("the codecs of Avro that are not read", () => {
  it.each(["bzip2", "xz", "", "NULL", "constructor"])("are known as such: %j", (name) => {
    expect(isCodecName(name)).toBe(false);
  });
});
