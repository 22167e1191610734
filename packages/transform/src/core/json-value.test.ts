import type { AvroValue } from "@currents-relay/shared/contracts/event.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNestedDeeperThan, toJsonValue } from "./json-value.ts";

describe("a value of a record, as a call carries it", () => {
  it("is a number while that is exact, and a string where an integer is not", () => {
    expect(toJsonValue(5n)).toBe(5);
    expect(toJsonValue(9_007_199_254_740_993n)).toBe("9007199254740993");
    expect(toJsonValue(-9_007_199_254_740_993n)).toBe("-9007199254740993");
  });

  it("is left out where JSON has no word for it, but keeps its place in an array", () => {
    expect(toJsonValue(NaN)).toBeUndefined();
    expect(toJsonValue(Infinity)).toBeUndefined();
    expect(toJsonValue([1, NaN, null, 2])).toEqual([1, null, null, 2]);
    expect(toJsonValue({ a: -Infinity, b: null })).toEqual({ b: null });
  });

  it("has U+FFFD for a lone surrogate, in keys and deep inside too", () => {
    expect(toJsonValue("a\ud800b")).toBe("a\ufffdb");
    expect(toJsonValue({ "k\udc00": ["\ud83d"] })).toEqual({ "k\ufffd": ["\ufffd"] });
    expect(toJsonValue("😀")).toBe("😀");
  });

  it("is base64 where it was bytes, of the view and not of the buffer under it", () => {
    expect(toJsonValue(new Uint8Array([0, 104, 105, 0]).subarray(1, 3))).toBe("aGk=");
  });

  it("cannot change a prototype", () => {
    const value = toJsonValue(JSON.parse('{"__proto__":{"admin":true},"constructor":1}'));
    expect(value).toEqual({ constructor: 1 });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it("survives JSON unchanged, whatever it was made of", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.string({ unit: fc.constantFrom("a", '"', "\ud800", "\udc00", "😀") }),
        fc.double(),
        fc.bigInt(),
        fc.constantFrom(true, null),
        fc.uint8Array(),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    }));
    fc.assert(
      fc.property(value, (made) => {
        // letrec's ties are unknown; these are AvroValues by how they were made.
        const text = JSON.stringify({ value: toJsonValue(made as AvroValue) });
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
        expect(text).not.toMatch(/\\ud[89a-f]/i);
      }),
    );
  });
});

describe("the depth of a value", () => {
  const nested = (levels: number): AvroValue => JSON.parse("[".repeat(levels) + "]".repeat(levels)) as AvroValue; // arrays

  it("is measured to the level, and safely however deep it is", () => {
    expect(isNestedDeeperThan(0, "text")).toBe(false);
    expect(isNestedDeeperThan(3, nested(3))).toBe(false);
    expect(isNestedDeeperThan(3, nested(4))).toBe(true);
    expect(isNestedDeeperThan(100, nested(100_000))).toBe(true);
  });
});
