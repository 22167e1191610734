import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exactJsonOf, parseExactly } from "./exact-json.ts";

test.each([
  ["9007199254740991", 9007199254740991],
  ["9007199254740993", 9007199254740993n],
  ["-9007199254740993", -9007199254740993n],
  [" 12345678901234567890 ", 12345678901234567890n],
  ["0.12345678901234560", 0.1234567890123456],
  ["1e30", 1e30],
  ['"12345678901234567890"', "12345678901234567890"],
  ['{"a":[{"b":12345678901234567890}],"c":1}', { a: [{ b: 12345678901234567890n }], c: 1 }],
  ["9".repeat(400), Number.POSITIVE_INFINITY],
])("%s is read as it stands", (text, value) => {
  expect(parseExactly(text)).toEqual(value);
});

test("a key named __proto__ stays a member, beside a long number too", () => {
  const value = parseExactly('{"__proto__":{"a":1},"b":12345678901234567890}') as object;
  expect(Object.keys(value)).toEqual(["__proto__", "b"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test("what is no JSON throws, with and without a long number", () => {
  for (const text of ["{", "", "12345678901234567890 x"]) expect(() => parseExactly(text)).toThrow(SyntaxError);
});

test("integers of any length and place survive being read and written", () => {
  const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), digits)), (pairs) => {
      const text = `[${pairs.map(([name, number]) => `[${JSON.stringify(name)},${number}]`).join(",")}]`;
      expect(exactJsonOf(parseExactly(text))).toBe(text);
    }),
  );
});

test("all other JSON is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      // 1e20 is written as an integer of 21 digits.
      const asNumbers = (_key: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
      expect(JSON.stringify(parseExactly(text), asNumbers)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
