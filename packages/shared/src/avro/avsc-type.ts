import avsc from "avsc";
import type { ForSchemaOptions, Schema, Type } from "avsc";
import type { AvroValue } from "../contracts/event.ts";
import type { RecordNode, SchemaField, SchemaNode } from "./schema-node.ts";
import { longOf } from "./varint.ts";

type Convert = (value: unknown) => unknown;

/**
 * avsc's place for "decode, then convert". Only ever read with: nothing here writes Avro.
 * A class because that is the form in which avsc takes it.
 */
class Converted extends avsc.types.LogicalType {
  readonly convert: Convert;

  constructor(schema: Schema, options: ForSchemaOptions, convert: Convert) {
    super(schema, options);
    this.convert = convert;
  }

  protected override _fromValue(value: unknown): unknown {
    return this.convert(value);
  }
}

/** Longs as contracts/event.ts wants them. `true`: avsc hands over the varint as it is in the buffer, no copy. */
const longType = avsc.types.LongType.__with(
  {
    fromBuffer: longOf,
    toBuffer: () => {
      throw new Error("records are only read here");
    },
    fromJSON: (value: unknown) => value,
    toJSON: (value: unknown) => value,
    isValid: (value: unknown) => typeof value === "number" || typeof value === "bigint",
    compare: (left: number | bigint, right: number | bigint) => (left < right ? -1 : left > right ? 1 : 0),
  },
  true,
);

/** Sets an own property even where assigning would reach a setter of Object.prototype (`__proto__`). */
const setOwn = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
};

const objectOf = (entries: Iterable<readonly [string, unknown]>): Record<string, AvroValue> => {
  const object = {};
  for (const [name, value] of entries) setOwn(object, name, value);
  return object;
};

/** avsc wraps the values of a union whose branches it could not tell apart when writing; this takes them out again. */
const unwrap: Convert = (value) => {
  const isWrapped = typeof value === "object" && value !== null && "unwrap" in value;
  return isWrapped && typeof value.unwrap === "function" ? (value.unwrap() as unknown) : value;
};

interface Building {
  names: Map<SchemaNode, string>;
  conversions: Map<unknown, Convert>;
}

const isIdentifier = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

const named = (node: SchemaNode, building: Building): string => {
  const name = `T${building.names.size}`;
  building.names.set(node, name);
  return name;
};

const fieldsFor = (fields: readonly SchemaField[], building: Building, nameOf: (index: number) => string): unknown[] =>
  fields.map(({ type }, index) => ({ name: nameOf(index), type: schemaFor(type, building) }));

const recordFor = (node: RecordNode, building: Building): unknown => {
  const name = named(node, building);
  const schema = { type: "record", name, fields: [] as unknown[] };
  if (node.fields.every((field) => isIdentifier(field.name))) {
    schema.fields = fieldsFor(node.fields, building, (index) => node.fields[index]?.name ?? "");
    return schema;
  }
  // A name that cannot be an identifier must not reach the code that avsc generates.
  schema.fields = fieldsFor(node.fields, building, (index) => `f${index}`);
  building.conversions.set(schema, (value) => {
    const read = value as Record<string, unknown>; // avsc's record of the schema above
    return objectOf(node.fields.map((field, index) => [field.name, read[`f${index}`]] as const));
  });
  return schema;
};

/**
 * A map is read as what it is in bytes, an array of key and value, because avsc would assign each key to a plain
 * object. The record around it (no bytes of its own) keeps it apart from a true array in the same union.
 */
const mapFor = (node: SchemaNode & { kind: "map" }, building: Building): unknown => {
  const schema = { type: "record", name: named(node, building), fields: [] as unknown[] };
  const entry = {
    type: "record",
    name: `${schema.name}Entry`,
    fields: [
      { name: "key", type: "string" },
      { name: "value", type: schemaFor(node.values, building) },
    ],
  };
  schema.fields = [{ name: "entries", type: { type: "array", items: entry } }];
  building.conversions.set(schema, (value) => {
    const { entries } = value as { entries: { key: string; value: unknown }[] }; // the schema above
    return objectOf(entries.map((read) => [read.key, read.value] as const));
  });
  return schema;
};

const unionFor = (branches: readonly SchemaNode[], building: Building): unknown => {
  const schema = branches.map((branch) => schemaFor(branch, building));
  if (branches.length > 1 && branches.filter(({ kind }) => kind !== "null").length > 1)
    building.conversions.set(schema, unwrap);
  return schema;
};

const enumFor = (node: SchemaNode & { kind: "enum" }, building: Building): unknown => {
  const schema = { type: "enum", name: named(node, building), symbols: node.symbols.map((_, index) => `S${index}`) };
  building.conversions.set(schema, (value) => node.symbols[Number(String(value).slice(1))]);
  return schema;
};

/** The same schema in names of our own, T0, T1...: no name of the file's but plain field names reaches avsc. */
const schemaFor = (node: SchemaNode, building: Building): unknown => {
  const known = building.names.get(node);
  if (known !== undefined) return known;
  switch (node.kind) {
    case "record":
      return recordFor(node, building);
    case "map":
      return mapFor(node, building);
    case "enum":
      return enumFor(node, building);
    case "fixed":
      return { type: "fixed", name: named(node, building), size: node.size };
    case "array":
      return { type: "array", items: schemaFor(node.items, building) };
    case "union":
      return unionFor(node.branches, building);
    case "null":
    case "boolean":
    case "int":
    case "long":
    case "float":
    case "double":
    case "bytes":
    case "string":
      return node.kind;
  }
};

/**
 * Builds avsc's type of a record. Decoding with it is safe only for bytes that walk-record.ts has walked: avsc checks
 * neither counts nor lengths. Throws what avsc throws for a schema that it refuses.
 */
export const avscTypeOf = (record: RecordNode): Type => {
  const building: Building = { names: new Map(), conversions: new Map() };
  const schema = schemaFor(record, building) as Schema; // built above, in the form that avsc documents
  return avsc.Type.forSchema(schema, {
    omitRecordMethods: true,
    registry: { long: longType },
    typeHook: (part, options) => {
      const convert = building.conversions.get(part);
      if (!convert) return undefined;
      building.conversions.delete(part); // Converted asks avsc for the same part again, to read it plainly.
      return new Converted(part, options, convert);
    },
  });
};
