import { posix } from "node:path";
import catalog from "./field-catalog.json" with { type: "json" };

/** The Avro types that Braze's records use. */
export type FieldType = "string" | "int" | "long" | "float" | "boolean" | "array of string";

export interface Field {
  name: string;
  type: FieldType;
  optional: boolean;
}

// The file's notation is `<type>` or `<type>?`; a test checks that every type in it is a FieldType.
const fieldFrom = ([name, notation]: [string, string]): Field => ({
  name,
  type: notation.replace("?", "") as FieldType,
  optional: notation.endsWith("?"),
});

const fieldsByType = new Map<string, readonly Field[]>(
  Object.entries(catalog.events).map(([eventType, fields]) => [eventType, Object.entries(fields).map(fieldFrom)]),
);

/** All event types of the catalog, in alphabetical order. */
export const eventTypes: readonly string[] = [...fieldsByType.keys()];

/** The type that Braze never exports to Segment (event glossary). */
export const notExportedToSegment = "users.RandomBucketNumberUpdate";

/** The fields of an event type, in the order of its schema. Throws for a type that is not in the catalog. */
export const fieldsOf = (eventType: string): readonly Field[] => {
  const fields = fieldsByType.get(eventType);
  if (!fields) throw new Error(`the event type ${eventType} is not in the catalog`);
  return fields;
};

/** The event types that any of the globs selects. Throws where a glob selects nothing. */
export const eventTypesMatching = (globs: readonly string[]): string[] => {
  for (const glob of globs)
    if (!eventTypes.some((type) => posix.matchesGlob(type, glob))) throw new Error(`no event type matches ${glob}`);
  return eventTypes.filter((type) => globs.some((glob) => posix.matchesGlob(type, glob)));
};

/** Optional fields as a newer schema version might add them. */
export const newerFields: readonly Field[] = [
  { name: "locale", type: "string", optional: true },
  { name: "link_position", type: "int", optional: true },
  { name: "template_id", type: "string", optional: true },
  { name: "recipient_domain", type: "string", optional: true },
  { name: "is_preview", type: "boolean", optional: true },
];
