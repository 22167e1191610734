import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { countText } from "./count-text.ts";

test("a whole number is written as English writes it", () => {
  assert(
    property(integer({ min: -10_000_000, max: 10_000_000 }), (count) => {
      expect(countText(count)).toBe(count.toLocaleString("en-US"));
    }),
  );
});
