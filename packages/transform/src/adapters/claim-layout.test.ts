import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { claimIds, claimLayout } from "./claim-layout.ts";

const { idBytes, nameBytes } = claimLayout;
const bytesOfId = idBytes + nameBytes;
const bitsOfName = [7, 6, ...Array.from({ length: nameBytes - 2 }, () => 3)];

it.each([
  ["UUIDs", () => randomUUID()],
  ["other ids", (i: number) => `event-${i}`],
])("%s fill every bit of an id and of its name, and no other", (_, idOf) => {
  const count = 1_000;
  const ids = claimIds(Array.from({ length: count }, (_id, i) => idOf(i)));
  expect(ids).toHaveLength(count * bytesOfId);
  const valuesAt = (byte: number) => new Set(Array.from({ length: count }, (_id, i) => ids[i * bytesOfId + byte] ?? 0));
  for (const [i, bits] of bitsOfName.entries()) {
    const values = valuesAt(idBytes + i);
    expect(Math.max(...values)).toBeLessThan(2 ** bits);
    expect(values.size).toBeGreaterThan(0.95 * 2 ** bits);
  }
  for (let byte = 0; byte < idBytes; byte++) expect(valuesAt(byte).size).toBeGreaterThan(230); // of 256, 251 are expected
});

it("the same id is the same claim, in whatever company", () => {
  const [one, other] = [randomUUID(), "event-1"];
  const both = claimIds([one, other]);
  expect(claimIds([other])).toEqual(both.subarray(bytesOfId));
  expect(claimIds([one])).toEqual(both.subarray(0, bytesOfId));
});
