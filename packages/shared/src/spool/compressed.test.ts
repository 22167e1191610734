import { zstdCompressSync } from "node:zlib";
import { array, assert, integer, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { compressed, expanded } from "./compressed.ts";

test("what was compressed, whole or in pieces, comes out as it was", () => {
  assert(
    property(array(uint8Array({ maxLength: 400 }), { maxLength: 5 }), integer({ min: 1, max: 300 }), (some, times) => {
      const pieces = some.flatMap((piece) => Array.from({ length: times }, () => piece));
      const whole = Buffer.concat(pieces);
      expect(expanded(compressed(pieces)).equals(whole)).toBe(true);
      expect(expanded(compressed(whole)).equals(whole)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test.each([0, 1, 255, 256, 257, 65_791, 65_792, 300_000, 9_000_000])(
  "%d bytes come out in a Buffer of that size",
  (n) => {
    const bytes = Buffer.alloc(n, "0123456789");
    const out = expanded(compressed([bytes.subarray(0, 10), bytes.subarray(10)]));
    expect(out.equals(bytes)).toBe(true);
    const ofNodesPool = 65_536; // small ones lie together
    expect(out.buffer.byteLength).toBeLessThanOrEqual(Math.max(ofNodesPool, n + 100));
  },
);

test("a frame that does not say how long its content is, as older relays wrote it, is expanded too", () => {
  const bytes = Buffer.alloc(1_000_000, "0123456789");
  expect(expanded(zstdCompressSync(bytes)).equals(bytes)).toBe(true);
});

test("other bytes, and a frame that was cut off, are refused", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("no frame"), compressed(Buffer.alloc(1_000, "abc")).subarray(0, 9)])
    expect(() => expanded(bytes)).toThrow(/unexpected end|Unknown frame|Src size/i);
});
