import { expect, it } from "vitest";
import { outOfPlace } from "./held-order.ts";

it.each([
  ["nothing", [], 0],
  ["what rises", [1, 2, 5, 9], 0],
  ["one that came late", [9, 1, 2, 5], 1],
  ["two that came late", [8, 9, 1, 2, 5], 2],
  ["what came backwards", [4, 3, 2, 1], 3],
  ["one that never came, in the middle", [1, Infinity, 2, 3], 1],
])("%s is out of place as far as it must be taken out", (_, places, count) => {
  expect(outOfPlace(places)).toBe(count);
});
