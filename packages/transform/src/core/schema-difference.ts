import { createHash } from "node:crypto";

/** The fields of an Avro record: name -> type, as JSON. */
export type SchemaShape = Readonly<Record<string, string>>;

/** What one schema has that the other has not, by field name. */
export interface SchemaDifference {
  added: string[];
  removed: string[];
  /** May be null now, and could not before. */
  nowOptional: string[];
  /** Another type in any other way. */
  retyped: string[];
}

/** The fields of a record schema (JSON text), in the order of their names. Throws on anything else. */
export const shapeOf = (schema: string): SchemaShape => {
  // Avro's own format; what does not look like it ends below.
  const { fields } = JSON.parse(schema) as { fields?: { name: string; type: unknown }[] };
  if (!Array.isArray(fields)) throw new Error("not the schema of a record");
  return Object.fromEntries(
    fields
      .map(({ name, type }): [string, string] => [name, JSON.stringify(type)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
};

/** The same for two schemas that differ only in documentation, defaults or the order of their fields. */
export const fingerprintOf = (shape: SchemaShape): string =>
  createHash("sha256").update(JSON.stringify(shape)).digest("hex").slice(0, 16);

/** A schema as it is noted. */
export interface NotedSchema {
  shape: SchemaShape;
  shapeJson: string;
  fingerprint: string;
}

const mostNoted = 200;
const noted = new Map<string, NotedSchema>();

/** Of a schema (JSON text). Kept, as workspaces are sent the same ones. Throws as {@link shapeOf} does. */
export const notedSchema = (schema: string): NotedSchema => {
  const before = noted.get(schema);
  if (before) return before;
  const shape = shapeOf(schema);
  const now = { shape, shapeJson: JSON.stringify(shape), fingerprint: fingerprintOf(shape) };
  if (noted.size >= mostNoted) noted.clear();
  noted.set(schema, now);
  return now;
};

export const differenceOf = (before: SchemaShape, after: SchemaShape): SchemaDifference => {
  const kept = Object.keys(after).filter((name) => before[name] !== undefined && before[name] !== after[name]);
  const nowOptional = kept.filter((name) => isOptional(after[name]) && !isOptional(before[name]));
  return {
    added: Object.keys(after).filter((name) => before[name] === undefined),
    removed: Object.keys(before).filter((name) => after[name] === undefined),
    nowOptional,
    retyped: kept.filter((name) => !nowOptional.includes(name)),
  };
};

const isOptional = (type: string | undefined): boolean => {
  const parsed: unknown = type === undefined ? undefined : JSON.parse(type);
  return Array.isArray(parsed) && parsed.includes("null");
};
