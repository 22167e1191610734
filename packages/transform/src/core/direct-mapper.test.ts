import { readRecordType } from "@currents-relay/shared/avro/record-type.ts";
import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { newPage } from "@currents-relay/shared/core/pages.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glossary } from "./catalog.ts";
import { bytesOfCall } from "./call-text.ts";
import { CallWriter } from "./call-writer.ts";
import { compileDirectMapper } from "./direct-mapper.ts";
import { compileMapper } from "./map-event.ts";
import type { ConnectorRules } from "./rules.ts";
import { avroArray, avroBytes, avroDouble, avroFloat, avroLong, avroString } from "./testing/avro-bytes.ts";
import { aFullRecord, aGeneralRecord, aSparseRecord, customEvent, emailClick, someRules } from "./testing/records.ts";

interface AvroField {
  name: string;
  type: unknown;
}

interface Asked {
  eventType: string;
  fields: readonly AvroField[];
  rules?: Partial<ConnectorRules>;
}

/** Maps the bytes of one record both ways and compares; answers what the direct mapper said. */
const mapBothWays = ({ eventType, fields, rules = {} }: Asked, bytes: Buffer) => {
  const type = readRecordType(JSON.stringify({ type: "record", name: "Event", fields }));
  const direct = compileDirectMapper({ eventType, fields: type.fields, rules: someRules(rules) });
  if (!direct) return "not compiled";
  const starts = new Uint32Array(fields.length);
  // Not at the start of the buffer, as most records are not.
  const source = Buffer.concat([Buffer.from("before"), bytes]);
  expect(type.scan(source, 6, starts)).toBe(source.length);
  const outcome = direct({ source, starts, bytes: bytes.length }, new CallWriter(0, newPage));
  if (!outcome) return "left to the plain mapper";
  const names = type.fields.map(({ name }) => name);
  const plain = compileMapper({ eventType, fields: names, rules: someRules(rules) })(type.decode(bytes, 0).value);
  if (outcome.kind === "ok" && plain.kind === "ok") {
    const json = JSON.stringify(plain.value.call);
    const written = bytesOfCall(outcome.value.call);
    // The text tells more where they differ; the bytes are what goes out.
    if (!written.equals(Buffer.from(json))) expect(written.toString()).toBe(json);
    expect(written.equals(Buffer.from(json))).toBe(true);
    expect({ ...outcome.value, call: "" }).toEqual({ ...plain.value, call: "" });
  } else expect(outcome).toEqual(plain);
  return outcome.kind;
};

const nullable = (type: unknown) => ["null", type];
const arrayOfStrings = { type: "array", items: ["null", "string"] };

/** The field as Braze's storage schema has it: `string?`, `int`, `array of string?`. */
const catalogField = (name: string, notation: string): AvroField => {
  const kind = notation.replace(/\?? ?(pii)?$/, "");
  const type = kind === "array of string" ? arrayOfStrings : kind;
  return { name, type: notation.includes("?") ? nullable(type) : type };
};

const encodeValue = (type: unknown, value: AvroValue | undefined): Buffer => {
  if (Array.isArray(type))
    return value === null || value === undefined
      ? avroLong(0)
      : Buffer.concat([avroLong(1), encodeValue(type[1], value)]);
  if (Array.isArray(value)) return avroArray(value.map((item) => encodeValue(["null", "string"], item)));
  if (type === "boolean") return Buffer.from([value === true ? 1 : 0]);
  if (typeof value === "string") return avroString(value);
  return type === "float" ? avroFloat(Number(value)) : avroLong(Number(value));
};

const encode = (fields: readonly AvroField[], record: EventRecord): Buffer =>
  Buffer.concat(fields.map(({ name, type }) => encodeValue(type, record[name])));

const rulesToTry: Partial<ConnectorRules>[] = [
  {},
  { anonymousUsers: true, salt: "acme/engagement" },
  {
    anonymousUsers: true,
    fields: { remove: ["email_address", "app_id", "link_id"], hash: ["user_id", "canvas_name"] },
  },
  { fields: { remove: ["time_ms"], hash: ["external_user_id", "to_phone_number", "link_position"], hashKey: "k" } },
];

const merged = [customEvent, "users.behaviors.Purchase"];

describe("a record that becomes its call directly", () => {
  it.each(
    Object.entries(glossary).filter(([type]) => !merged.includes(type) && type !== "users.RandomBucketNumberUpdate"),
  )("%s: gives the very bytes of the plain mapper, whatever the rules", (eventType, entry) => {
    const fields = Object.entries(entry.fields).map(([name, notation]) => catalogField(name, notation));
    const hasArray = Object.values(entry.fields).some((notation) => notation.startsWith("array"));
    const full = encode(fields, aFullRecord(eventType));
    const sparse = encode(fields, aSparseRecord(eventType));
    for (const rules of rulesToTry) {
      const renamed = { ...rules, eventNames: { [eventType]: 'A "name" of ours' } };
      expect(mapBothWays({ eventType, fields, rules }, full)).toBe(hasArray ? "left to the plain mapper" : "ok");
      expect(mapBothWays({ eventType, fields, rules: renamed }, full)).toBe(
        hasArray ? "left to the plain mapper" : "ok",
      );
      const whoIsThat = entry.fields["user_id"]?.includes("?") ?? true;
      const ofSparse = rules.anonymousUsers ? (whoIsThat ? "left to the plain mapper" : "ok") : "drop";
      expect(mapBothWays({ eventType, fields, rules }, sparse)).toBe(ofSparse);
    }
  });

  it("may be of a type that the catalog does not have, and have fields that it does not", () => {
    const record = aGeneralRecord({ 'new "field"': "x", constructor: "y", toJSON: "z" });
    const fields = Object.entries(record)
      .filter(([name]) => name !== "user_phone_number")
      .map(([name, value]) => catalogField(name, typeof value === "number" ? "int?" : "string?"));
    for (const eventType of ["users.messages.email.Retry", "users.campaigns.Abort", emailClick])
      expect(mapBothWays({ eventType, fields }, encode(fields, record))).toBe("ok");
  });

  it("may be of any size, and have to be escaped from end to end", () => {
    const fields = Object.entries(glossary[emailClick]?.fields ?? {}).map(([name, notation]) =>
      catalogField(name, notation),
    );
    for (const length of [1, 1_000, 100_000]) {
      const record = aSparseRecord(emailClick);
      const long = { ...record, external_user_id: "x", url: "\u0001".repeat(length) };
      expect(mapBothWays({ eventType: emailClick, fields }, encode(fields, long))).toBe("ok");
    }
  });

  it("may hold any byte in a text, alone", () => {
    const names = ["id", "user_id", "external_user_id", "url"];
    const fields = [...names.map((name) => ({ name, type: "string" })), { name: "time", type: "int" }];
    for (let byte = 0; byte < 256; byte++) {
      const texts = names.map(() => avroBytes(Uint8Array.of(byte)));
      expect(mapBothWays({ eventType: emailClick, fields }, Buffer.concat([...texts, avroLong(byte)]))).toBe("ok");
    }
  });

  it("is left to the plain mapper where it has an enum, which is text to rules", () => {
    const kind = { name: "kind", type: ["null", { type: "enum", name: "Kind", symbols: ["A", "B"] }] };
    const names = ["id", "user_id", "external_user_id"];
    const fields = [...names.map((name) => ({ name, type: "string" })), { name: "time", type: "int" }, kind];
    const envelope = Buffer.concat([...names.map(avroString), avroLong(1)]);
    for (const rule of [{}, { remove: ["kind"] }, { hash: ["kind"] }]) {
      const rules = { fields: { remove: [], hash: [], ...rule } };
      const both = (value: Buffer) =>
        mapBothWays({ eventType: emailClick, fields, rules }, Buffer.concat([envelope, value]));
      expect(both(Buffer.concat([avroLong(1), avroLong(1)]))).toBe("left to the plain mapper");
      expect(both(avroLong(0))).toBe("ok");
    }
  });

  it("may have a field whose name is no whole text: U+FFFD stands for what is not", () => {
    const names = ["id", "user_id", "external_user_id", "a\ud800"];
    const fields = [...names.map((name) => ({ name, type: "string" })), { name: "time", type: "int" }];
    const bytes = Buffer.concat([...names.map(() => avroString("x")), avroLong(1)]);
    expect(mapBothWays({ eventType: emailClick, fields }, bytes)).toBe("ok");
  });

  it("is not tried where properties are merged, a name is like an index, two fields have one target or a type is odd", () => {
    const id = { name: "id", type: "string" };
    const rest = [
      { name: "user_id", type: "string" },
      { name: "external_user_id", type: "string" },
      { name: "time", type: "int" },
    ];
    const isTried = (eventType: string, ...fields: AvroField[]) =>
      mapBothWays({ eventType, fields }, Buffer.from("AAAA")) !== "not compiled";
    const text = (name: string) => ({ name, type: "string" });
    expect(isTried(customEvent, id, ...rest, text("properties"))).toBe(false);
    expect(isTried(emailClick, id, ...rest, text("7"))).toBe(false);
    expect(isTried("users.new.Thing", id, ...rest, text("to_phone_number"), text("user_phone_number"))).toBe(false);
    expect(isTried(emailClick, { name: "id", type: "long" }, ...rest)).toBe(false);
    expect(isTried(emailClick, id)).toBe(false);
    expect(isTried("users.RandomBucketNumberUpdate", id, ...rest)).toBe(false);
  });
});

/** A field, and bytes of a value that it may hold. */
interface Sample {
  field: AvroField;
  bytes: Buffer;
}

const someText = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom("a", '"', "\\", "\u0000", "\n", "\u007f", "\u2028", "é", "😀") })
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), // mostly no UTF-8
);

const primitives: Record<string, fc.Arbitrary<Buffer>> = {
  null: fc.constant(Buffer.alloc(0)),
  boolean: fc.boolean().map((is) => Buffer.from([is ? 1 : 0])),
  int: fc.integer().map(avroLong),
  long: fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(avroLong),
  float: fc.float().map(avroFloat),
  double: fc.double().map(avroDouble),
  bytes: fc.uint8Array().map(avroBytes),
  string: someText.map(avroBytes),
};

const ofType = (type: string | string[]): fc.Arbitrary<Buffer> =>
  Array.isArray(type)
    ? fc.oneof(
        ...type.map((kind, branch) =>
          (primitives[kind] ?? fc.constant(Buffer.alloc(0))).map((bytes) => Buffer.concat([avroLong(branch), bytes])),
        ),
      )
    : (primitives[type] ?? fc.constant(Buffer.alloc(0)));

const someType = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string | string[]>("string", ["null", "string"], ["string", "null"]) },
  fc.constantFrom<string | string[]>(...Object.keys(primitives)),
  fc.uniqueArray(fc.constantFrom(...Object.keys(primitives)), { minLength: 1 }),
);

const aSample = (name: string, types: fc.Arbitrary<string | string[]>): fc.Arbitrary<Sample> =>
  types.chain((type) => ofType(type).map((bytes) => ({ field: { name, type }, bytes })));

const textual = fc.constantFrom<string | string[]>("string", ["null", "string"], ["string", "null"], ["string"]);
const whole = fc.constantFrom<string | string[]>("int", "long", ["null", "int"], ["long", "int", "null"]);
const otherNames = [
  ...Object.keys(glossary[emailClick]?.fields ?? {}).filter(
    (name) => !["id", "user_id", "external_user_id", "time"].includes(name),
  ),
  "brand_new",
  'quote " and \\',
  "é",
];

it("any record of any schema comes to the same, byte for byte", () => {
  const seen: Record<string, number> = {};
  const someRule = fc.subarray(["user_id", "external_user_id", "link_id", "email_address", "is_amp", "brand_new"]);
  const samples = fc
    .tuple(
      aSample("id", textual),
      aSample("user_id", textual),
      aSample("external_user_id", textual),
      aSample("time", whole),
      fc
        .subarray(otherNames, { maxLength: 5 })
        .chain((names) => fc.tuple(...names.map((name) => aSample(name, someType)))),
    )
    .chain(([id, user, external, time, others]) =>
      fc.shuffledSubarray([id, user, external, time, ...others], { minLength: 4 + others.length }),
    );
  fc.assert(
    fc.property(
      samples,
      someRule,
      someRule,
      fc.record({ anonymousUsers: fc.boolean(), isSalted: fc.boolean() }),
      (all, remove, hash, { anonymousUsers, isSalted }) => {
        const rules = {
          anonymousUsers,
          ...(isSalted && { salt: "acme" }),
          fields: { remove: remove.filter((name) => !name.endsWith("user_id")), hash },
        };
        const said = mapBothWays(
          { eventType: emailClick, fields: all.map(({ field }) => field), rules },
          Buffer.concat(all.map(({ bytes }) => bytes)),
        );
        seen[said] = (seen[said] ?? 0) + 1;
      },
    ),
    { numRuns: 2_000 },
  );
  // The property is about these, not about what is left to the plain mapper.
  expect(seen["ok"]).toBeGreaterThan(300);
  expect(seen["drop"]).toBeGreaterThan(30);
});
