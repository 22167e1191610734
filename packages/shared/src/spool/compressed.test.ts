import { randomUUID } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { array, assert, integer, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { compressed, compressedHard, expanded } from "./compressed.ts";

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

test("what is expanded lies in a page, where there is one", () => {
  const page = Buffer.alloc(2_000);
  const bytes = Buffer.alloc(1_000, "abc");
  const out = expanded(compressed(bytes), (size) => page.subarray(0, size));
  expect(out.equals(bytes)).toBe(true);
  expect(out.buffer).toBe(page.buffer);
});

test("a frame that does not say how long its content is, as older relays wrote it, is expanded too", () => {
  const bytes = Buffer.alloc(1_000_000, "0123456789");
  expect(expanded(zstdCompressSync(bytes)).equals(bytes)).toBe(true);
});

test("other bytes, and a frame that was cut off, are refused", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("no frame"), compressed(Buffer.alloc(1_000, "abc")).subarray(0, 9)])
    expect(() => expanded(bytes)).toThrow(/unexpected end|Unknown frame|Src size/i);
});

/** 500 ids among what repeats itself, as a held request body has them. */
const withIds = Buffer.from(Array.from({ length: 500 }, () => `{"type":"track","messageId":"${randomUUID()}"}`).join());

test("what was compressed hard, with ids and without any, comes out as it was", async () => {
  for (const bytes of [
    withIds,
    Buffer.alloc(0),
    Buffer.from("{}"),
    Buffer.alloc(300_000, Buffer.from([0xf8, 0xff, 1])),
  ])
    expect(expanded(await compressedHard(bytes)).equals(bytes)).toBe(true);
});

test("ids take the sixteen bytes that they are, which zstd alone does not reach", async () => {
  const level9 = { params: { [constants.ZSTD_c_compressionLevel]: 9 } };
  expect((await compressedHard(withIds)).length).toBeLessThan(500 * 16 + 200);
  expect(zstdCompressSync(withIds, level9).length).toBeGreaterThan(500 * 18);
});

test("what was compressed hard and is damaged is refused, wherever it is cut off or changed", async () => {
  const refused = /unexpected end|unknown frame|src size|corrupt|memory|claims|belong together/i;
  const bytes = await compressedHard(withIds);
  for (let end = 0; end < bytes.length; end += end < 20 ? 1 : 97)
    expect(() => expanded(bytes.subarray(0, end))).toThrow(refused);
  for (const at of [0, 1, 2, 5, 6, 9, 10])
    expect(() => expanded(Buffer.concat([bytes.subarray(0, at), Buffer.from([0x51]), bytes.subarray(at + 1)]))).toThrow(
      refused,
    );
  const claimsTooMuch = Buffer.from(bytes);
  claimsTooMuch.writeUInt32LE(0xffff_ffff, 1);
  expect(() => expanded(claimsTooMuch)).toThrow(/claims to be 4294967295 bytes/);
});
