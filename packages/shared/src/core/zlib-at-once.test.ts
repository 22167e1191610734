import { deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { bufferMegabytes, collect } from "../runtime/collect.testing.ts";
import { atOnce } from "./zlib-at-once.ts";

const megabyte = Buffer.alloc(1_000_000, "0123456789");
const options = { chunkSize: 1_000_064 };

test.each([
  ["zstd", () => atOnce(zstdDecompressSync, zstdCompressSync(megabyte), options)],
  ["deflate", () => atOnce(inflateRawSync, deflateRawSync(megabyte), options)],
  ["compressing", () => atOnce(zstdCompressSync, megabyte, options)],
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
  expect(atOnce(zstdDecompressSync, frame, {}).equals(megabyte)).toBe(true);
  const tooLarge = { maxOutputLength: 999_999 };
  expect(() => atOnce(zstdDecompressSync, frame, tooLarge)).toThrow(/larger than 999999 bytes/);
});
