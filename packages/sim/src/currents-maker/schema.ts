import { type Field, fieldsOf, newerFields } from "./catalog.ts";

export interface SchemaOptions {
  /** The storage in the schema's name; default "S3". */
  storage?: Storage;
  /** Adds five newer optional fields: an email click has 39 then. */
  wide?: boolean;
  /** Adds `future_field`, an optional string that no catalog knows. */
  extraField?: boolean;
  /** Adds `sequence_number`, a long beyond 2^53. */
  bigLong?: boolean;
}

export type Storage = "S3" | "GCS" | "AzureBlob";

type AvroType = string | { type: "array"; items: AvroType } | readonly AvroType[];

interface AvroField {
  name: string;
  type: AvroType;
  default?: null;
}

/** A record schema as it stands in a file's header. */
export interface RecordSchema {
  type: "record";
  name: string;
  namespace: string;
  fields: AvroField[];
}

/** Braze writes nullable items in some arrays; here in this field. */
const nullableItems = "media_urls";
/** Some optional fields have null as the second branch, and then no default. */
const nullComesSecond = new Set(["timezone", "user_agent", "device_id", "price", "is_drop", "canvas_name"]);

const plainType = ({ name, type }: Field): AvroType => {
  if (type !== "array of string") return type;
  return { type: "array", items: name === nullableItems ? ["null", "string"] : "string" };
};

const avroField = (field: Field): AvroField => {
  const { name, optional } = field;
  const type = plainType(field);
  if (!optional) return { name, type };
  return nullComesSecond.has(name) ? { name, type: [type, "null"] } : { name, type: ["null", type], default: null };
};

/** The fields of the schema, the optional extra ones last. */
export const schemaFields = (eventType: string, options: SchemaOptions = {}): readonly Field[] => {
  const fields = [...fieldsOf(eventType)];
  const known = new Set(fields.map(({ name }) => name));
  if (options.wide) fields.push(...newerFields.filter(({ name }) => !known.has(name)));
  if (options.extraField) fields.push({ name: "future_field", type: "string", optional: true });
  if (options.bigLong) fields.push({ name: "sequence_number", type: "long", optional: false });
  return fields;
};

/** The schema of an event type's file, named as Braze names it: `dataexport.S3.inner.users.messages.email.Click`. */
export const recordSchema = (eventType: string, options: SchemaOptions = {}): RecordSchema => {
  const lastDot = eventType.lastIndexOf(".");
  return {
    type: "record",
    name: eventType.slice(lastDot + 1),
    namespace: `dataexport.${options.storage ?? "S3"}.inner.${eventType.slice(0, lastDot)}`,
    fields: schemaFields(eventType, options).map(avroField),
  };
};
