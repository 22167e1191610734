import { expect, it } from "vitest";
import { untilSharedTick } from "./shared-tick.ts";

it.each([
  [1_000, 12_345, 955],
  [1_000, 12_300, 1_000],
  [500, 12_350, 450],
  [500, 12_398.5, 501.5],
  [500, 12_400.5, 499.5],
  [499, 12_345, 499],
  [0, 12_345, 0],
  [4_999, 12_345, 4_955],
  [5_000, 12_345, 4_655],
  [5_000, 12_998.5, 5_001.5],
  [10_000, 12_000, 10_000],
])("a pause of %d ms that begins at %d lasts %d ms", (ms, nowMs, lasts) => {
  expect(untilSharedTick(ms, nowMs)).toBe(lasts);
});

it("pauses of the same length, begun at different times of a tick, end together", () => {
  const ends = [10, 30, 60, 97].map((nowMs) => nowMs + untilSharedTick(500, nowMs));
  expect(new Set(ends)).toEqual(new Set([500]));
});
