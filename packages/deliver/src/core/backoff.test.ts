import { assert, double, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { backoffLimits, backoffMs } from "./backoff.ts";

test("the longest wait doubles with each failure until it is 60 s", () => {
  const longest = [1, 2, 3, 7, 8, 9, 2_000].map((failures) => Math.round(backoffMs(failures, 1)));
  expect(longest).toEqual([500, 1_000, 2_000, 32_000, 60_000, 60_000, 60_000]);
});

test("the jitter is full: from nothing to the longest wait, in proportion", () => {
  expect([0, 0.25, 0.5].map((random) => backoffMs(4, random))).toEqual([0, 1_000, 2_000]);
});

test("every wait is a whole number of ms from 0 to 60 s", () => {
  assert(
    property(nat(), double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const waitMs = backoffMs(failures, random);
      expect(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= backoffLimits.capMs).toBe(true);
    }),
  );
});
