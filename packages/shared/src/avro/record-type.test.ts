import avsc from "avsc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AvroFault } from "./avro-fault.ts";
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

describe("values", () => {
  it("are read for every primitive type", () => {
    const type = typeOf(
      ["null", "boolean", "int", "long", "float", "double", "bytes", "string"].map((name) => ({
        name: `a_${name}`,
        type: name,
      })),
    );
    const numbers = Buffer.alloc(12);
    numbers.writeFloatLE(1.5, 0);
    numbers.writeDoubleLE(-2.25, 4);
    const bytes = [Buffer.from([1]), varint(-7), varint(1_700_000_000), numbers, text("ab"), text("grüße")];
    expect(read(type, ...bytes)).toEqual({
      a_null: null,
      a_boolean: true,
      a_int: -7,
      a_long: 1_700_000_000,
      a_float: 1.5,
      a_double: -2.25,
      a_bytes: Buffer.from("ab"),
      a_string: "grüße",
    });
  });

  it("of type long are numbers while that is exact, and bigints beyond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
        expect(read(one("long"), varint(value))).toEqual({ v: isSafe ? Number(value) : value });
      }),
    );
    expect(read(one("long"), varint(2n ** 53n - 1n))).toEqual({ v: Number.MAX_SAFE_INTEGER });
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])
      expect(read(one("long"), varint(value))).toEqual({ v: value });
  });

  it("of optional fields are plain, whichever branch comes first and whatever the default says", () => {
    const type = typeOf([
      { name: "a", type: ["null", "string"], default: null },
      { name: "b", type: ["string", "null"], default: null },
      { name: "c", type: ["long", "null"], default: "nonsense" },
    ]);
    expect(read(type, varint(1), text("x"), varint(0), text("y"), varint(1))).toEqual({ a: "x", b: "y", c: null });
    expect(read(type, varint(0), varint(1), varint(0), varint(9))).toEqual({ a: null, b: null, c: 9 });
  });

  it.each([
    ["int or long", ["int", "long"], [varint(1), varint(2n ** 60n)], 2n ** 60n],
    ["int or double", ["null", "int", "double"], [varint(1), varint(5)], 5],
    ["float or int", ["float", "int"], [varint(1), varint(5)], 5],
    [
      "bytes or fixed",
      ["bytes", { type: "fixed", name: "F", size: 2 }],
      [varint(1), Buffer.from("hi")],
      Buffer.from("hi"),
    ],
    ["string or enum", ["string", { type: "enum", name: "E", symbols: ["A", "B"] }], [varint(1), varint(1)], "B"],
    [
      "map or array",
      [
        { type: "map", values: "int" },
        { type: "array", items: "int" },
      ],
      [varint(1), varint(0)],
      [],
    ],
    [
      "record or map",
      [
        { type: "record", name: "R", fields: [{ name: "x", type: "int" }] },
        { type: "map", values: "int" },
      ],
      [varint(1), varint(1), text("k"), varint(3), varint(0)],
      { k: 3 },
    ],
    [
      "two records",
      ["A", "B"].map((name) => ({ type: "record", name, fields: [{ name: `in${name}`, type: "int" }] })),
      [varint(1), varint(3)],
      { inB: 3 },
    ],
  ])("of a union of %s are unwrapped", (_, union, bytes, expected) => {
    expect(read(one(union), ...bytes)).toEqual({ v: expected });
  });

  it("of logical types are those of the type below", () => {
    const type = typeOf([
      { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
      { name: "price", type: { type: "bytes", logicalType: "decimal", precision: 4, scale: 2 } },
    ]);
    expect(read(type, varint(5), text("\x01"))).toEqual({ at: 5, price: Buffer.from([1]) });
  });

  it("of arrays and maps may come in several runs, with and without a byte size", () => {
    const items = [varint(1), varint(10), varint(-2), varint(2), varint(11), varint(12), varint(0)];
    expect(read(one({ type: "array", items: "int" }), ...items)).toEqual({ v: [10, 11, 12] });
    const entry = Buffer.concat([text("k"), varint(1)]);
    const entries = [varint(-1), varint(entry.length), entry, varint(1), text("l"), varint(2), varint(0)];
    expect(read(one({ type: "map", values: "int" }), ...entries)).toEqual({ v: { k: 1, l: 2 } });
  });

  it("agree with what avsc writes, for values of any form", () => {
    const schema = {
      type: "record",
      name: "Event",
      fields: [
        { name: "id", type: "string" },
        { name: "time", type: "long" },
        { name: "ratio", type: ["null", "double"] },
        { name: "tags", type: { type: "array", items: ["null", "string"] } },
        { name: "counts", type: { type: "map", values: "int" } },
        { name: "kind", type: { type: "enum", name: "Kind", symbols: ["A", "B"] } },
      ],
    } as const;
    const writer = avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)));
    const type = readRecordType(JSON.stringify(schema));
    // Times within 2^52: beyond it avsc writes other negative longs than it is given.
    const events = fc.array(
      fc.record({
        id: fc.string({ unit: "grapheme" }),
        time: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
        ratio: fc.option(fc.double({ noNaN: true })),
        tags: fc.array(fc.option(fc.string())),
        counts: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.integer(), { noNullPrototype: true }),
        kind: fc.constantFrom("A", "B"),
      }),
    );
    fc.assert(
      fc.property(events, (list) => {
        const buffers = list.map((event) => writer.toBuffer(event));
        const bytes = Buffer.concat(buffers);
        expect(type.decodeAll(bytes, list.length)).toEqual(list);
        let end = 0;
        expect([...type.recordEnds(bytes, list.length)]).toEqual(buffers.map(({ length }) => (end += length)));
      }),
    );
  });
});

describe("a type", () => {
  it("says where the fields of a record begin, and checks them as a skip does", () => {
    const fields = ["string", "null", { type: "array", items: "int" }, ["null", "long"]];
    const type = typeOf(fields.map((of, index) => ({ name: `f${index}`, type: of })));
    const record = Buffer.concat([text("ab"), varint(1), varint(300), varint(0), varint(1), varint(7)]);
    const starts = new Uint32Array(4);
    expect(type.scan(Buffer.concat([record, record]), record.length, starts)).toBe(2 * record.length);
    expect([...starts]).toEqual([0, 3, 3, 7].map((at) => at + record.length));
    expect(reasonOf(() => type.scan(record.subarray(0, -1), 0, starts))).toBe("bad-record");
    expect(reasonOf(() => type.scan(Buffer.concat([text("ab"), varint(1), varint(5)]), 0, starts))).toBe("bad-record");
  });

  it("names its record in full and its fields in order", () => {
    const type = typeOf(
      [
        { name: "b", type: "int" },
        { name: "a", type: ["null", "string"] },
      ],
      { namespace: "users.canvas" },
    );
    expect(type.name).toBe("users.canvas.Event");
    expect(type.fields).toEqual([
      { name: "b", types: ["int"], isUnion: false },
      { name: "a", types: ["null", "string"], isUnion: true },
    ]);
  });

  it("is made once for a schema", () => {
    const fields = [{ name: "once", type: "int" }];
    expect(typeOf(fields)).toBe(typeOf(fields));
  });

  it("is forgotten when 200 others were used since, but not when it was used itself", () => {
    const [old, used] = [[{ name: "old", type: "int" }], [{ name: "used", type: "int" }]];
    const [oldType, usedType] = [typeOf(old), typeOf(used)];
    for (let index = 0; index < 250; index++) {
      typeOf([{ name: `f${index}`, type: "int" }]);
      typeOf(used);
    }
    expect(typeOf(used)).toBe(usedType);
    expect(typeOf(old)).not.toBe(oldType);
  });

  it("is forgotten earlier when the schemas are long", () => {
    const fields = [{ name: "first", type: "int" }];
    const first = typeOf(fields);
    for (let index = 0; index < 20; index++) typeOf([], { doc: `${index}${"x".repeat(1_000_000)}` });
    expect(typeOf(fields)).not.toBe(first);
  });

  it("reads from a plain Uint8Array as from a Buffer", () => {
    const bytes = new Uint8Array(text("abc"));
    expect(one("string").decodeAll(bytes, 1)).toEqual([{ v: "abc" }]);
  });
});

describe("names", () => {
  it("of types may hold a dash and be there twice", () => {
    const inner = (field: string) => ({ type: "record", name: "in-ner", fields: [{ name: field, type: "int" }] });
    const type = typeOf([
      { name: "a", type: inner("x") },
      { name: "b", type: inner("y") },
      { name: "c", type: "in-ner" },
    ]);
    expect(read(type, varint(1), varint(2), varint(3))).toEqual({ a: { x: 1 }, b: { y: 2 }, c: { y: 3 } });
  });

  it("of types are found short or in full, in the namespace of the record around them", () => {
    const inner = { type: "record", name: "Inner", fields: [{ name: "x", type: "int" }] };
    const references = ["Inner", "a.b.Inner", ".a.b.Inner"].map((type, index) => ({ name: `f${index}`, type }));
    const type = typeOf([{ name: "own", type: inner }, ...references], { namespace: "a.b" });
    expect(read(type, ...[1, 2, 3, 4].map(varint))).toEqual({
      own: { x: 1 },
      f0: { x: 2 },
      f1: { x: 3 },
      f2: { x: 4 },
    });
  });

  it("of fields may be no identifiers", () => {
    const names = ["in-app", "a b", "1st", "); throw 1 //", "ünï", "class"];
    const type = typeOf(names.map((name) => ({ name, type: "int" })));
    const values = names.map((_, index) => index);
    expect(read(type, ...values.map(varint))).toEqual(Object.fromEntries(names.map((name, index) => [name, index])));
  });

  it("that every object has do no harm as fields, types, symbols or keys", () => {
    const names = ["constructor", "toString", "hasOwnProperty", "valueOf", "prototype", "unwrap", "__defineGetter__"];
    const type = typeOf(names.map((name) => ({ name, type: "string" })));
    const event = read(type, ...names.map((name) => text(`my ${name}`)));
    expect(JSON.stringify(event)).toBe(JSON.stringify(Object.fromEntries(names.map((name) => [name, `my ${name}`]))));
    const symbols = { type: "enum", name: "constructor", symbols: names };
    expect(read(one(["null", symbols]), varint(1), varint(0))).toEqual({ v: "constructor" });
    expect(read(one({ type: "record", name: "toString", fields: [] }))).toEqual({ v: {} });
    expect(reasonOf(() => one("constructor"))).toBe("bad-schema");
    expect(reasonOf(() => one({ type: "__proto__" }))).toBe("bad-schema");
  });

  it("of fields may not be __proto__", () => {
    const schema = '{"type":"record","name":"E","fields":[{"name":"__proto__","type":"string"}]}';
    expect(() => readRecordType(schema)).toThrow("a field is named __proto__");
  });

  it("of map keys may, and change no prototype", () => {
    const maps = one({ type: "map", values: { type: "map", values: "boolean" } });
    const inner = [varint(1), text("polluted"), Buffer.from([1]), varint(0)];
    const { v } = read(maps, varint(1), text("__proto__"), ...inner, varint(0));
    expect(JSON.stringify(v)).toBe('{"__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(v)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });
});
