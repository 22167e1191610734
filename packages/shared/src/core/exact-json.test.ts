import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exactJsonOf, hasLongIntegers, parseExactly } from "./exact-json.ts";

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

const long = "12345678901234567890";

test.each([long, `-${long}`, `{"a":${long}}`, `[1, -${long} ]`, `{"a":\n${long}\t,"b":1}`, `"x ${long} y",${long}`])(
  "a long integer is seen: %s",
  (text) => {
    expect(hasLongIntegers(text)).toBe(true);
  },
);

test.each([
  `"${long}"`,
  `{"a":"${long}"}`,
  `"https://example.com/${long}?b=-${long}"`,
  `0.${long}`,
  `${long}e2`,
  `"a${long}b"`,
])("a text or fraction with as many digits is none: %s", (text) => {
  expect(hasLongIntegers(text)).toBe(false);
});

test("digits without end cost one look", () => {
  const startedMs = performance.now();
  expect(hasLongIntegers(`"${"1".repeat(200_000)}"`)).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test("among texts with digits, long integers are read as with a look at each number", () => {
  const digits = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }).map(String);
  const part = fc.oneof(
    digits,
    digits.map((text) => JSON.stringify(text)),
    fc.tuple(fc.string(), digits, fc.string()).map((texts) => JSON.stringify(texts.join(""))),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  );
  const space = fc.constantFrom("", " ", "\n\t");
  const text = fc
    .array(fc.tuple(part, space, space))
    .map((parts) => `[${parts.map(([one, before, after]) => before + one + after).join(",")}]`);
  fc.assert(
    fc.property(text, (json) => {
      const integers = [...json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/[^[\],\s]+/g)]
        .map(([value]) => value)
        .filter((value) => /^-?\d+$/.test(value) && !Number.isSafeInteger(Number(value)));
      const bigints = (parseExactly(json) as unknown[]).filter((value) => typeof value === "bigint");
      expect(bigints.map(String)).toEqual(integers);
    }),
  );
});
