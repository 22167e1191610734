import { expect, test } from "vitest";
import { afterNoticeFailure, noticeRetryLimits } from "./notice-retry.ts";

const { firstMs, capMs, maxFailures, maxRefusals } = noticeRetryLimits;
const waitMs = (failures: number, refusals: number, random: number) => {
  const next = afterNoticeFailure({ failures, refusals }, random);
  return next.kind === "again" ? next.afterMs : undefined;
};
const spanMs = (tries: number, random: number) =>
  Array.from({ length: tries - 1 }, (_, index) => waitMs(index + 1, 0, random) ?? 0).reduce((a, b) => a + b, 0);
const hourMs = 3_600_000;

test("the wait doubles up to a quarter of an hour, half of it by chance", () => {
  expect([1, 2, 3].map((failures) => waitMs(failures, 0, 0))).toEqual([2_500, 5_000, 10_000]);
  expect(waitMs(1, 0, 0.999_999)).toBe(firstMs - 1);
  expect(waitMs(50, 0, 0)).toBe(capMs / 2);
  expect(waitMs(99, 0, 0.999_999)).toBe(capMs - 1);
});

test("a channel that fails is tried for about a day, and then given up", () => {
  expect(waitMs(maxFailures - 1, 0, 0.5)).toBeDefined();
  expect(afterNoticeFailure({ failures: maxFailures, refusals: 0 }, 0.5)).toEqual({ kind: "giveUp" });
  expect(spanMs(maxFailures, 0.5) / hourMs).toBeGreaterThan(12);
  expect(spanMs(maxFailures, 0.5) / hourMs).toBeLessThan(30);
});

test("a channel that refuses is tried for about an hour, and failures of another kind do not shorten that", () => {
  expect(waitMs(maxRefusals - 1, maxRefusals - 1, 0.5)).toBeDefined();
  expect(afterNoticeFailure({ failures: maxRefusals, refusals: maxRefusals }, 0.5)).toEqual({ kind: "giveUp" });
  expect(waitMs(50, 1, 0.5)).toBeDefined();
  expect(spanMs(maxRefusals, 0.5) / hourMs).toBeGreaterThan(0.5);
  expect(spanMs(maxRefusals, 0.5) / hourMs).toBeLessThan(2);
});
