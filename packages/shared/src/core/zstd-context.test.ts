import { randomBytes } from "node:crypto";
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { bufferMegabytes, collect } from "../runtime/collect.testing.ts";
import { compressor, expander } from "./zstd-context.ts";

const level1 = { [constants.ZSTD_c_compressionLevel]: 1 };
const compress = compressor(level1);
const expand = expander();
const frameOf = (bytes: Buffer): Buffer => {
  const output = Buffer.alloc(bytes.length + 2_000);
  return output.subarray(0, compress(bytes, output));
};
const contentOf = (frame: Buffer, bytes: number): Buffer => {
  const output = Buffer.alloc(bytes + 1);
  return output.subarray(0, expand(frame, output));
};

test.each([createZstdCompress(), createZstdDecompress()])(
  "Node has beneath its streams what is used here",
  (stream) => {
    expect(stream).toHaveProperty("_handle.writeSync", expect.any(Function));
    expect(stream).toHaveProperty("_handle.reset", expect.any(Function));
    expect(stream).toHaveProperty("_writeState", expect.any(Uint32Array));
  },
);

test("each call makes the frame that Node's own function makes, and expands one by itself", () => {
  for (const bytes of [0, 1, 300, 70_000, 3, 2_000_000].map((n) => Buffer.alloc(n, "of what was before "))) {
    const pledgedSrcSize = bytes.length;
    expect(frameOf(bytes).equals(zstdCompressSync(bytes, { params: level1, pledgedSrcSize }))).toBe(true);
    expect(zstdDecompressSync(frameOf(bytes)).equals(bytes)).toBe(true);
    expect(contentOf(frameOf(bytes), bytes.length).equals(bytes)).toBe(true);
  }
});

const text = Buffer.from(Array.from({ length: 3_000 }, (_, i) => `event ${i} of many`).join());
const frame = zstdCompressSync(text, { pledgedSrcSize: text.length });
const longer = zstdCompressSync(Buffer.concat([text, text]));

const refused: [what: string, bytes: Buffer][] = [
  ...[1, 2, 3, 4, 100, frame.length - 9].map((less): [string, Buffer] => [
    "cut off",
    frame.subarray(0, frame.length - less),
  ]),
  ["no frame", Buffer.from("no frame at all")],
  ["nothing", Buffer.alloc(0)],
  ["followed by other bytes", Buffer.concat([frame, Buffer.from("more")])],
  ["followed by a frame", Buffer.concat([frame, frame])],
  ["of more than there is room for", longer],
];

test.each(refused)("a frame that is %s is refused, and the next one is expanded all the same", (_, bad) => {
  expect(() => contentOf(bad, text.length)).toThrow(/unexpected end|unknown frame|src size|corrupt/i);
  expect(contentOf(frame, text.length).equals(text)).toBe(true);
});

test("what there is no room for is not compressed, and the next is", () => {
  const noise = randomBytes(5_000);
  for (const room of [0, 40, 5_000]) expect(() => compress(noise, Buffer.alloc(room))).toThrow("corrupt");
  expect(zstdDecompressSync(frameOf(text)).equals(text)).toBe(true);
});

test("a thousand calls leave no more behind than one", () => {
  const output = Buffer.alloc(text.length + 2_000);
  const both = () => expand(output.subarray(0, compress(text, output)), Buffer.alloc(text.length + 1));
  both();
  collect();
  const before = bufferMegabytes();
  for (let i = 0; i < 1_000; i += 1) both();
  collect({ type: "minor" });
  expect(bufferMegabytes() - before).toBeLessThan(1);
});
