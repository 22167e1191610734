import { array, assert, object, property } from "fast-check";
import { expect, test } from "vitest";
import { bisect } from "./bisect.ts";
import type { ReadyBatch } from "./ready-batch.ts";

const batchOf = (calls: readonly unknown[]): ReadyBatch => ({
  calls: Buffer.from(calls.map((call) => JSON.stringify(call)).join(",\n")),
  count: calls.length,
});
const callsOf = (batch: ReadyBatch): unknown[] => JSON.parse(`[${batch.calls.toString()}]`) as unknown[]; // an array by its brackets

test("a batch of one call cannot be split", () => {
  expect(bisect(batchOf([{ event: "one" }]))).toBeUndefined();
});

test("two halves hold every call once, in order, and differ by at most one", () => {
  assert(
    property(array(object(), { minLength: 2, maxLength: 40 }), (objects) => {
      const calls = JSON.parse(JSON.stringify(objects)) as unknown[]; // what JSON keeps of them
      const halves = bisect(batchOf(calls));
      expect(halves?.flatMap(callsOf)).toEqual(calls);
      for (const half of halves ?? []) expect(callsOf(half)).toHaveLength(half.count);
      const [first, second] = halves ?? [];
      expect([0, 1]).toContain((first?.count ?? 0) - (second?.count ?? 0));
    }),
  );
});

test("line breaks, commas and brackets inside of a text do not split it", () => {
  const calls = ["a,\nb", "},\n{", "\u2028,\n", "last"].map((event) => ({ event }));
  expect(bisect(batchOf(calls))?.map(callsOf)).toEqual([calls.slice(0, 2), calls.slice(2)]);
});

test("halving again and again ends with each call alone", () => {
  const alone = (batch: ReadyBatch): string[] => bisect(batch)?.flatMap(alone) ?? [batch.calls.toString()];
  const calls = Array.from({ length: 500 }, (_, n) => ({ n }));
  expect(alone(batchOf(calls))).toEqual(calls.map((call) => JSON.stringify(call)));
});

test("a count that is not true is refused", () => {
  const { calls } = batchOf([1, 2, 3]);
  for (const count of [1, 2, 4]) expect(() => bisect({ calls, count })).toThrow("holds 3");
});
