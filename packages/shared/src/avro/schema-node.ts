import { AvroFault } from "./avro-fault.ts";
import type { RecordLimits } from "./record-limits.ts";

const primitives = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"] as const;
type PrimitiveKind = (typeof primitives)[number];

/** A parsed schema: names are resolved (a recursive schema is a cycle of objects), defaults and logical types gone. */
export type SchemaNode =
  | { kind: PrimitiveKind }
  | { kind: "fixed"; size: number }
  | { kind: "enum"; symbols: readonly string[] }
  | { kind: "array"; items: SchemaNode }
  | { kind: "map"; values: SchemaNode }
  | { kind: "union"; branches: readonly SchemaNode[] }
  | RecordNode;

export interface RecordNode {
  kind: "record";
  /** The full name; empty where the schema gives none. */
  name: string;
  fields: SchemaField[];
}

export interface SchemaField {
  name: string;
  type: SchemaNode;
}

interface Scope {
  limits: RecordLimits;
  named: Map<string, SchemaNode>;
  counted: { fields: number };
  namespace: string;
  depth: number;
}

type Json = Record<string, unknown>;

const refuse = (message: string): never => {
  throw new AvroFault("bad-schema", message);
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isPrimitive = (name: string): name is PrimitiveKind => (primitives as readonly string[]).includes(name);

const count = ({ counted, limits }: Scope, added: number): void => {
  counted.fields += added;
  if (counted.fields > limits.maxFields)
    throw new AvroFault("over-limit", `the schema has more than ${limits.maxFields} fields, branches and symbols`);
};

const inside = (scope: Scope): Scope => {
  if (scope.depth >= scope.limits.maxDepth)
    throw new AvroFault("over-limit", `the schema is nested deeper than ${scope.limits.maxDepth}`);
  return { ...scope, depth: scope.depth + 1 };
};

const fullName = (schema: Json, scope: Scope): string => {
  const { name, namespace } = schema;
  if (typeof name !== "string") return "";
  if (name.includes(".")) return name;
  const prefix = typeof namespace === "string" ? namespace : scope.namespace;
  return prefix ? `${prefix}.${name}` : name;
};

const namespaceOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));

/** A name that is defined twice means, from there on, its latest definition: the data is read in that order too. */
const define = <N extends SchemaNode>(node: N, name: string, scope: Scope): N => {
  if (name) scope.named.set(name, node);
  return node;
};

const parseReference = (name: string, scope: Scope): SchemaNode => {
  if (isPrimitive(name)) return { kind: name };
  const qualified = scope.namespace && !name.includes(".") ? `${scope.namespace}.${name}` : name;
  const found = scope.named.get(qualified) ?? scope.named.get(name.replace(/^\./, ""));
  return found ?? refuse(`the schema uses the type ${JSON.stringify(name)} and does not define it`);
};

const parseFields = (node: RecordNode, list: unknown, scope: Scope): void => {
  if (!Array.isArray(list)) return refuse(`the record ${JSON.stringify(node.name)} has no list of fields`);
  count(scope, list.length);
  const seen = new Set<string>();
  for (const field of list as unknown[]) {
    const name = isObject(field) ? field["name"] : undefined;
    if (!isObject(field) || typeof name !== "string" || name === "")
      return refuse(`a field of ${JSON.stringify(node.name)} has no name`);
    // Copying such a field with `to[name] = value`, anywhere behind us, would replace the prototype of `to`.
    if (name === "__proto__") return refuse("a field is named __proto__");
    if (seen.has(name)) return refuse(`the field ${JSON.stringify(name)} is there twice`);
    seen.add(name);
    node.fields.push({ name, type: parseNode(field["type"], scope) });
  }
};

const parseRecord = (schema: Json, scope: Scope): RecordNode => {
  const name = fullName(schema, scope);
  const node = define<RecordNode>({ kind: "record", name, fields: [] }, name, scope);
  parseFields(node, schema["fields"], { ...scope, namespace: namespaceOf(name) });
  return node;
};

const parseEnum = (schema: Json, scope: Scope): SchemaNode => {
  const symbols = schema["symbols"];
  if (!Array.isArray(symbols) || symbols.length === 0 || !symbols.every((symbol) => typeof symbol === "string"))
    return refuse("an enum has no list of symbols");
  count(scope, symbols.length);
  return define({ kind: "enum", symbols }, fullName(schema, scope), scope);
};

const parseFixed = (schema: Json, scope: Scope): SchemaNode => {
  const size = schema["size"];
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > 0x7fffffff)
    return refuse("a fixed has no size");
  return define({ kind: "fixed", size }, fullName(schema, scope), scope);
};

const parseUnion = (branches: readonly unknown[], scope: Scope): SchemaNode => {
  if (branches.length === 0) return refuse("a union is empty");
  count(scope, branches.length);
  const nodes = branches.map((branch) => parseNode(branch, scope));
  return nodes.some(({ kind }) => kind === "union")
    ? refuse("a union is directly inside a union")
    : { kind: "union", branches: nodes };
};

const parseNode = (schema: unknown, outer: Scope): SchemaNode => {
  if (typeof schema === "string") return parseReference(schema, outer);
  const scope = inside(outer);
  if (Array.isArray(schema)) return parseUnion(schema, scope);
  if (!isObject(schema)) return refuse(`${JSON.stringify(schema) ?? "nothing"} is not a type`);
  switch (schema["type"]) {
    case "record":
    case "error":
      return parseRecord(schema, scope);
    case "enum":
      return parseEnum(schema, scope);
    case "fixed":
      return parseFixed(schema, scope);
    case "array":
      return { kind: "array", items: parseNode(schema["items"], scope) };
    case "map":
      return { kind: "map", values: parseNode(schema["values"], scope) };
    default:
      return parseNode(schema["type"], scope);
  }
};

/**
 * Reads a writer's schema (JSON text) whose top is a record.
 * More tolerant than the specification where nothing is lost by it: defaults are not looked at (a writer's schema does
 * not need them), names may hold any character and be defined twice, logical types are their underlying type.
 * Throws AvroFault "bad-schema" for what cannot be read and "over-limit" for what is too large.
 */
export const parseRecordSchema = (text: string, limits: RecordLimits): RecordNode => {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxSchemaBytes)
    throw new AvroFault("over-limit", `the schema has ${bytes} bytes, more than ${limits.maxSchemaBytes}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AvroFault("bad-schema", "the schema is not JSON", { cause });
  }
  const node = parseNode(json, { limits, named: new Map(), counted: { fields: 0 }, namespace: "", depth: 0 });
  return node.kind === "record" ? node : refuse(`the schema's top is ${node.kind}, not a record`);
};
