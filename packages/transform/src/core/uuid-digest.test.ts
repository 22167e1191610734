import { randomUUID } from "node:crypto";
import { assert, constantFrom, integer, property, uuid } from "fast-check";
import { expect, it } from "vitest";
import { uuidDigest } from "./uuid-digest.ts";

const digestOf = (text: string): number[] => {
  const into = new Uint32Array(4);
  expect(uuidDigest(text, into)).toBe(true);
  return [...into];
};

/** As a UUID is written, of 32 hexadecimal digits. */
const written = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

const ones = (words: readonly number[]): number =>
  words.reduce((sum, word) => sum + word.toString(2).replaceAll("0", "").length, 0);

it.each([
  ["0aef4c2d-6b0e-4a3c-9d1f-0123456789ab", [0x1bd42357, 0x633d9e12, 0x75a77d3e, 0x199d5222]],
  ["00000000-0000-0000-0000-000000000000", [0x5a4075d6, 0x6b2d3d27, 0xd3926c2f, 0xeb228a07]],
])("%s comes to what another implementation of MurmurHash3 makes of it", (text, digest) => {
  // murmurhash3js-revisited 3.0.0, x86.hash128, of the four words in little-endian order

  expect(digestOf(text)).toEqual(digest);
});

it("each bit of a UUID changes about half of all bits", () => {
  assert(
    property(uuid(), integer({ min: 0, max: 127 }), (text, bit) => {
      const other = BigInt(`0x${text.replaceAll("-", "")}`) ^ (1n << BigInt(bit));
      const before = digestOf(text);
      const changed = digestOf(written(other.toString(16).padStart(32, "0"))).map(
        (word, i) => (word ^ (before[i] ?? 0)) >>> 0,
      );
      const count = ones(changed);
      expect(count).toBeGreaterThan(64 - 36); // six standard deviations
      expect(count).toBeLessThan(64 + 36);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ["that were drawn", () => randomUUID()],
  [
    "of one host, one after the other",
    (i: number) => written(`${(1_700_000_000 + i).toString(16)}4a3c1eef9d1f0123456789ab`),
  ],
  [
    "that are counted at their end",
    (i: number) => written(`0190c5d2aaaa7000800000${i.toString(16).padStart(10, "0")}`),
  ],
])("ids %s fill all places evenly", (_, idOf) => {
  const [ids, places] = [20_000, 256];
  const filled = Array.from({ length: 4 }, () => Array.from({ length: places }, () => 0));
  for (let i = 0; i < ids; i++)
    for (const [k, word] of digestOf(idOf(i)).entries()) {
      const counts = filled[k] ?? [];
      counts[word % places] = (counts[word % places] ?? 0) + 1;
    }
  const expected = ids / places;
  for (const counts of filled) {
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(places + 6 * Math.sqrt(2 * places));
  }
});

it("what is no UUID in lower case is left to another digest", () => {
  const good = "0aef4c2d-6b0e-4a3c-9d1f-0123456789ab";
  for (const text of [
    "",
    good.toUpperCase(),
    `${good}0`,
    good.slice(1),
    good.replaceAll("-", "0"),
    `{${good.slice(1, -1)}}`,
  ])
    expect(uuidDigest(text, new Uint32Array(4))).toBe(false);
  const others = constantFrom("g", "A", "F", "/", ":", "`", " ", "\u0130", "\u0161", "\uff10", "\ud83d");
  assert(
    property(integer({ min: 0, max: 35 }), others, (place, other) => {
      expect(uuidDigest(good.slice(0, place) + other + good.slice(place + 1), new Uint32Array(4))).toBe(false);
    }),
  );
});
