import { expect, test } from "vitest";
import { expiryRemainingMs, lagMs, oldestOf } from "./lag.ts";

test("the oldest of some times, where some are not known", () => {
  expect(oldestOf([30, undefined, 10, 20])).toBe(10);
  expect(oldestOf([undefined])).toBeUndefined();
  expect(oldestOf([])).toBeUndefined();
});

test("lag is the age of the oldest, 0 without one, and never below 0", () => {
  expect(lagMs(1_000, 4_000)).toBe(3_000);
  expect(lagMs(undefined, 4_000)).toBe(0);
  expect(lagMs(5_000, 4_000)).toBe(0);
});

test("the whole window remains while nothing is held, less with every second after, and below 0 when it is over", () => {
  const afterMs = 10_000;
  expect(expiryRemainingMs({ afterMs, oldestHeldMs: undefined }, 4_000)).toBe(10_000);
  expect(expiryRemainingMs({ afterMs, oldestHeldMs: 1_000 }, 4_000)).toBe(7_000);
  expect(expiryRemainingMs({ afterMs, oldestHeldMs: 1_000 }, 13_000)).toBe(-2_000);
});
