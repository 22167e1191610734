import { setTimeout as delay } from "node:timers/promises";
import {
  deflateRawSync,
  gunzip,
  gzipSync,
  inflateRawSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { expect, test } from "vitest";
import { bufferMegabytes, collect } from "../runtime/collect.testing.ts";
import { oneShotSync, oneShot } from "./zlib-one-shot.ts";

const megabyte = Buffer.alloc(1_000_000, "0123456789");
const options = { chunkSize: 1_000_064 };

test.each([
  ["zstd", () => oneShotSync(zstdDecompressSync, zstdCompressSync(megabyte), options)],
  ["deflate", () => oneShotSync(inflateRawSync, deflateRawSync(megabyte), options)],
  ["compressing", () => oneShotSync(zstdCompressSync, megabyte, options)],
])("what nobody uses any more is free after a scavenge: %s", (_, run) => {
  collect();
  const before = bufferMegabytes();
  for (let i = 0; i < 8; i += 1) {
    expect(run().length).toBeGreaterThan(0);
    collect({ type: "minor" });
  }
  expect(bufferMegabytes() - before).toBeLessThan(4); // 8 were made
});

test("gives what the function gives, and throws what it throws", () => {
  const frame = zstdCompressSync(megabyte);
  expect(oneShotSync(zstdDecompressSync, frame, {}).equals(megabyte)).toBe(true);
  const tooLarge = { maxOutputLength: 999_999 };
  expect(() => oneShotSync(zstdDecompressSync, frame, tooLarge)).toThrow(/larger than 999999 bytes/);
});

test.each([
  ["gzip", gzipSync(megabyte), (bytes: Buffer) => oneShot(gunzip, bytes, {})],
  ["compressing", megabyte, (bytes: Buffer) => oneShot(zstdCompress, Buffer.from(bytes), {})],
])("so it is beside the event loop, and the input too: %s", async (_, input, run) => {
  collect();
  const before = bufferMegabytes();
  for (let i = 0; i < 8; i += 1) {
    expect((await run(input)).length).toBeGreaterThan(0);
    await delay(1); // the engine's own last words
    collect({ type: "minor" });
  }
  expect(bufferMegabytes() - before).toBeLessThan(4); // 8 were made, or 16 with their pieces
});

test("beside the event loop gives what the function gives, and rejects with its error", async () => {
  const packed = gzipSync(megabyte);
  expect((await oneShot(gunzip, packed, {})).equals(megabyte)).toBe(true);
  await expect(oneShot(gunzip, packed, { maxOutputLength: 999_999 })).rejects.toThrow(/larger than 999999 bytes/);
});
