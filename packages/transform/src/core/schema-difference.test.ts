import { expect, test } from "vitest";
import { differenceOf, fingerprintOf, notedSchema, shapeOf } from "./schema-difference.ts";

const schema = (fields: Record<string, unknown>, more: object = {}): string =>
  JSON.stringify({
    type: "record",
    name: "Click",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type, ...more })),
  });

test("says which fields came, went, and may be null now", () => {
  const before = shapeOf(schema({ id: "string", gone: "int", url: "string", n: "int" }));
  const after = shapeOf(schema({ id: "string", url: ["null", "string"], n: "long", fresh: "string" }));
  expect(differenceOf(before, after)).toEqual({
    added: ["fresh"],
    removed: ["gone"],
    nowOptional: ["url"],
    retyped: ["n"],
  });
});

test("a field that can no longer be null is retyped, not optional", () => {
  const before = shapeOf(schema({ url: ["null", "string"] }));
  expect(differenceOf(before, shapeOf(schema({ url: "string" })))).toMatchObject({
    nowOptional: [],
    retyped: ["url"],
  });
});

test("documentation, defaults and the order of the fields make no other schema", () => {
  const one = fingerprintOf(shapeOf(schema({ a: "int", b: "string" })));
  expect(fingerprintOf(shapeOf(schema({ b: "string", a: "int" }, { doc: "said", default: null })))).toBe(one);
  expect(fingerprintOf(shapeOf(schema({ a: "long", b: "string" })))).not.toBe(one);
});

test("what is no record has no shape", () => {
  expect(() => shapeOf('"string"')).toThrow("not the schema of a record");
});

test("a schema is looked through once for all workspaces, however many others come", () => {
  const first = notedSchema(schema({ id: "string" }));
  expect(first).toEqual({
    shape: { id: '"string"' },
    shapeJson: '{"id":"\\"string\\""}',
    fingerprint: fingerprintOf(first.shape),
  });
  expect(notedSchema(schema({ id: "string" }))).toBe(first);
  for (let index = 0; index < 1_000; index++) notedSchema(schema({ [`n${index}`]: "string" }));
  expect(notedSchema(schema({ id: "string" }))).not.toBe(first);
});
