import { expect, test } from "vitest";
import { drainForecastSeconds } from "./drain-forecast.ts";

test("nothing waits: 0", () => {
  expect(drainForecastSeconds({ backlogEvents: 0, deliveredPerSecond: 0, shrinkingPerSecond: 0 })).toBe(0);
});

test("a backlog that shrinks is gone after it has shrunk to nothing", () => {
  expect(drainForecastSeconds({ backlogEvents: 90_000, deliveredPerSecond: 900, shrinkingPerSecond: 300 })).toBe(300);
});

test("a backlog that stands or grows is never gone", () => {
  for (const shrinkingPerSecond of [0, -50])
    expect(drainForecastSeconds({ backlogEvents: 90_000, deliveredPerSecond: 900, shrinkingPerSecond })).toBe(Infinity);
});

test("nothing is delivered and something waits: never", () => {
  expect(drainForecastSeconds({ backlogEvents: 1, deliveredPerSecond: 0, shrinkingPerSecond: 0 })).toBe(Infinity);
});

test("the work in hand of a pipeline that keeps up is no backlog, though it does not shrink", () => {
  expect(drainForecastSeconds({ backlogEvents: 1_800, deliveredPerSecond: 900, shrinkingPerSecond: -5 })).toBe(2);
});
