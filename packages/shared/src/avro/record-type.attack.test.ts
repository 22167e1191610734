import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AvroFault } from "./avro-fault.ts";
import { defaultRecordLimits } from "./record-limits.ts";
import { readRecordType } from "./record-type.ts";

const varint = (value: number | bigint): Buffer => {
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
};

const text = (value: string): Buffer => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);

const typeOf = (fields: unknown[], more: object = {}) =>
  readRecordType(JSON.stringify({ type: "record", name: "Event", fields, ...more }));

/** A record with one field, `v`, of this type. */
const one = (type: unknown) => typeOf([{ name: "v", type }]);

const read = (type: ReturnType<typeof one>, ...bytes: Buffer[]) => type.decode(Buffer.concat(bytes), 0).value;

const reasonOf = (run: () => unknown): string => {
  try {
    run();
  } catch (cause) {
    if (cause instanceof AvroFault) return cause.reason;
    throw cause;
  }
  return "no fault";
};

describe("bytes that are no record", () => {
  it.each([
    ["a string longer than the rest", "string", [varint(5), Buffer.from("abc")]],
    ["a string of negative length", "string", [varint(-1)]],
    ["a string of 2^62 bytes", "string", [varint(2n ** 62n)]],
    ["a boolean of 2", "boolean", [Buffer.from([2])]],
    ["an int of 33 bits", "int", [varint(2n ** 31n)]],
    ["a long of 70 bits", "long", [Buffer.alloc(11, 0xff)]],
    ["a long that ends in the middle", "long", [Buffer.from([0x80])]],
    ["half a double", "double", [Buffer.alloc(7)]],
    ["a long of 65 bits", "long", [Buffer.alloc(9, 0xff), Buffer.from([2])]],
    ["a branch that is not there", ["null", "string"], [varint(2), text("a")]],
    ["a negative branch", ["null", "string"], [varint(-1), text("a")]],
    ["a branch that an int and a long do not have", ["int", "long"], [varint(2), varint(1)]],
    ["a symbol that is not there", { type: "enum", name: "E", symbols: ["A"] }, [varint(1)]],
    ["a fixed that is cut", { type: "fixed", name: "F", size: 4 }, [Buffer.alloc(3)]],
    ["an array with a wrong byte size", { type: "array", items: "int" }, [varint(-1), varint(9), varint(1), varint(0)]],
    ["an array that goes back", { type: "array", items: "int" }, [varint(-1), varint(-2), varint(1), varint(0)]],
    ["an array without an end", { type: "array", items: "int" }, [varint(1), varint(1)]],
    ["nothing", "int", []],
  ])("such as %s are refused before avsc sees them", (_, type, bytes) => {
    const record = one(type);
    expect(reasonOf(() => record.skip(Buffer.concat(bytes), 0))).toBe("bad-record");
    expect(reasonOf(() => read(record, ...bytes))).toBe("bad-record");
  });

  it("such as any bytes at all end in a fault or in records that fill them", () => {
    const type = typeOf([
      { name: "a", type: ["null", "string"] },
      { name: "b", type: { type: "array", items: { type: "map", values: "long" } } },
      { name: "c", type: ["int", "double", "Event"] },
    ]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3), (bytes, count) => {
        const reason = reasonOf(() => expect(type.decodeAll(bytes, count)).toHaveLength(count));
        expect(["bad-record", "over-limit", "no fault"]).toContain(reason);
      }),
      { numRuns: 2_000 },
    );
  });

  it("such as too many or too few are refused as a whole", () => {
    const bytes = Buffer.concat([text("a"), text("b")]);
    expect(one("string").decodeAll(bytes, 2)).toEqual([{ v: "a" }, { v: "b" }]);
    for (const count of [0, 1, 3, -1, 1.5, 2 ** 40])
      expect(reasonOf(() => one("string").decodeAll(bytes, count))).toBe("bad-record");
  });
});

describe("limits", () => {
  const items = (type: unknown) => one({ type: "array", items: type });
  const empty = { type: "record", name: "Empty", fields: [] };

  it.each([
    ["nulls", "null"],
    ["empty records", empty],
    ["unions", ["null", "int"]],
  ])("end an array of 16 million %s before it is made", (_, type) => {
    expect(reasonOf(() => read(items(type), varint(16_777_216), varint(0), Buffer.alloc(200_000)))).toBe("over-limit");
    expect(reasonOf(() => items(type).skip(Buffer.concat([varint(-(2n ** 62n)), varint(0)]), 0))).toBe("over-limit");
  });

  it("let an array of 100,000 pass", () => {
    expect(read(items("null"), varint(100_000), varint(0))["v"]).toHaveLength(100_000);
  });

  it("count the arrays of one record together, and those of the next anew", () => {
    const half = Buffer.concat([varint(60_000), varint(0)]);
    const two = typeOf(["a", "b"].map((name) => ({ name, type: { type: "array", items: "null" } })));
    expect(reasonOf(() => two.skip(Buffer.concat([half, half]), 0))).toBe("over-limit");
    expect(items("null").recordEnds(Buffer.concat([half, half]), 2)).toHaveLength(2);
  });

  it("count the empty values in an item, and not only the items", () => {
    const nulls = ["a", "b", "c"].map((name) => ({ name, type: "null" }));
    const hollow = items({ type: "record", name: "Hollow", fields: nulls });
    expect(reasonOf(() => hollow.skip(Buffer.concat([varint(30_000), varint(0)]), 0))).toBe("over-limit");
    const light = items({ type: "record", name: "Light", fields: [...nulls, { name: "d", type: "int" }] });
    const full = Buffer.concat([varint(30_000), Buffer.alloc(30_000), varint(0)]);
    expect(reasonOf(() => light.skip(full, 0))).toBe("over-limit");
    expect(light.skip(Buffer.concat([varint(20_000), Buffer.alloc(20_000), varint(0)]), 0)).toBe(20_004);
  });

  it("let any number of records stand side by side", () => {
    const inner = { type: "record", name: "Inner", fields: [{ name: "x", type: "int" }] };
    expect(read(items(inner), varint(1_000), Buffer.alloc(1_000), varint(0))["v"]).toHaveLength(1_000);
  });

  it("end records that hold each other, whatever the bytes", () => {
    const list = typeOf([{ name: "next", type: ["null", "Event"] }]);
    expect(read(list, varint(1), varint(1), varint(0))).toEqual({ next: { next: { next: null } } });
    expect(reasonOf(() => list.skip(Buffer.alloc(1_000_000, 2), 0))).toBe("over-limit");
    expect(reasonOf(() => typeOf([{ name: "self", type: "Event" }]).skip(Buffer.alloc(10), 0))).toBe("over-limit");
  });

  it("end empty records that double thirty times", () => {
    let type: unknown = empty;
    for (let level = 0; level < 30; level++)
      type = {
        type: "record",
        name: `L${level}`,
        fields: [
          { name: "a", type },
          { name: "b", type: level ? `L${level - 1}` : "Empty" },
        ],
      };
    expect(reasonOf(() => one(type))).toBe("over-limit");
  });

  it("end schemas that are too deep, too wide or too long", () => {
    let deep: unknown = "int";
    for (let level = 0; level < 100; level++) deep = { type: "array", items: deep };
    expect(reasonOf(() => one(deep))).toBe("over-limit");
    expect(reasonOf(() => readRecordType(`${"[".repeat(500_000)}${"]".repeat(500_000)}`))).toBe("over-limit");
    const wide = Array.from({ length: 5_001 }, (_, index) => ({ name: `f${index}`, type: "null" }));
    expect(reasonOf(() => typeOf(wide))).toBe("over-limit");
    expect(typeOf(wide.slice(1)).fields).toHaveLength(5_000);
    expect(reasonOf(() => typeOf([], { doc: "x".repeat(1024 * 1024) }))).toBe("over-limit");
  });

  it("are part of what a type is kept by", () => {
    const schema = JSON.stringify({
      type: "record",
      name: "E",
      fields: [{ name: "v", type: { type: "array", items: "null" } }],
    });
    const strict = readRecordType(schema, { ...defaultRecordLimits, maxItemsPerRecord: 2 });
    const bytes = Buffer.concat([varint(3), varint(0)]);
    expect(readRecordType(schema).skip(bytes, 0)).toBe(2);
    expect(reasonOf(() => strict.skip(bytes, 0))).toBe("over-limit");
  });
});

describe("a schema that cannot be used", () => {
  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["a number", "3"],
    ["no record", '"string"'],
    ["a record without fields", '{"type":"record","name":"E"}'],
    ["a field without a name", '{"type":"record","name":"E","fields":[{"type":"int"}]}'],
    ["a field without a type", '{"type":"record","name":"E","fields":[{"name":"a"}]}'],
    [
      "a field that is there twice, and no identifier",
      '{"type":"record","name":"E","fields":[{"name":"a-b","type":"int"},{"name":"a-b","type":"int"}]}',
    ],
    [
      "a field that is there twice",
      '{"type":"record","name":"E","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
    ],
    ["a type that is not defined", '{"type":"record","name":"E","fields":[{"name":"a","type":"Nothing"}]}'],
    ["an empty union", '{"type":"record","name":"E","fields":[{"name":"a","type":[]}]}'],
    ["a union in a union", '{"type":"record","name":"E","fields":[{"name":"a","type":["null",["int"]]}]}'],
    ["a branch that is there twice", '{"type":"record","name":"E","fields":[{"name":"a","type":["int","int"]}]}'],
    [
      "a fixed without a size",
      '{"type":"record","name":"E","fields":[{"name":"a","type":{"type":"fixed","name":"F"}}]}',
    ],
    [
      "an enum without symbols",
      '{"type":"record","name":"E","fields":[{"name":"a","type":{"type":"enum","name":"F"}}]}',
    ],
  ])("is %s", (_, schema) => {
    expect(reasonOf(() => readRecordType(schema))).toBe("bad-schema");
  });
});
