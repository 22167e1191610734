import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { parseExactly } from "@currents-relay/shared/core/exact-json.ts";
import { catalogEntry, targetOf } from "./catalog.ts";
import type { FieldTransform } from "./field-rules.ts";
import type { Target } from "./field-target.ts";
import { isNested, isNestedDeeperThan, maxNesting, toJsonValue } from "./json-value.ts";

/** What the fields of a record become. Neither holds a null of its own: null and absent mean the same. */
export interface CallParts {
  properties: { [name: string]: JsonValue };
  context: { [group: string]: { [name: string]: JsonValue } };
}

/** What to do with one field, settled once for all records that have it. */
export interface Step {
  field: string;
  target: Exclude<Target, { kind: "none" }>;
  transform: FieldTransform | undefined;
  /** Where two fields have one target, the stronger one wins, and the weaker one counts only where it is null. */
  strength: number;
}

/**
 * The record's own fields win over the members of its `properties`; what the glossary says wins over a field that a
 * schema gained later; and of two phone numbers that are both new, the one that is the user's by its name wins over
 * the one that a message was sent to (for an inbound message that is the sender's own customer service).
 */
const strengthOf = (eventType: string, field: string, target: Target): number => {
  if (target.kind === "merge") return 0;
  if (catalogEntry(eventType)?.targets.has(field)) return 3;
  return field === "user_phone_number" ? 2 : 1;
};

export const compileStep = (
  eventType: string,
  field: string,
  transforms: ReadonlyMap<string, FieldTransform>,
): Step | undefined => {
  const target = targetOf(eventType, field);
  if (target.kind === "none") return undefined;
  return { field, target, transform: transforms.get(field), strength: strengthOf(eventType, field, target) };
};

/** Weakest first, so that the stronger overwrite; otherwise in the order given. */
export const inOrderOfStrength = (steps: readonly (Step | undefined)[]): Step[] =>
  steps.filter((step) => step !== undefined).toSorted((a, b) => a.strength - b.strength);

/** The members of the JSON object that a `properties` field holds, as text or (over HTTP) as it is. */
const membersOf = (value: AvroValue): { [key: string]: AvroValue } | undefined => {
  const held = typeof value === "string" ? parsedOrUndefined(value) : value;
  if (held === undefined || !isNested(held) || Array.isArray(held)) return undefined;
  return isNestedDeeperThan(maxNesting, held) ? undefined : held;
};

const parsedOrUndefined = (text: string): AvroValue | undefined => {
  try {
    return parseExactly(text) as AvroValue; // every JSON value is an AvroValue
  } catch {
    return undefined; // the caller keeps the text as it is
  }
};

const mergeMembers = (value: AvroValue, properties: CallParts["properties"]): void => {
  const members = membersOf(value);
  // Not an object: kept under the field's own name rather than lost.
  for (const [name, member] of Object.entries(members ?? { properties: value }))
    if (name !== "__proto__") setProperty(properties, name.toWellFormed(), toJsonValue(member));
};

const setProperty = (properties: CallParts["properties"], name: string, value: JsonValue | undefined): void => {
  if (value !== undefined && value !== null) properties[name] = value;
};

const place = (target: Step["target"], value: AvroValue, parts: CallParts): void => {
  if (target.kind === "property") return setProperty(parts.properties, target.name, toJsonValue(value));
  if (target.kind === "merge") return mergeMembers(value, parts.properties);
  const converted = toJsonValue(value);
  if (converted !== undefined) (parts.context[target.group] ??= {})[target.name] = converted;
};

/**
 * Puts every field of the record where its step says. Returns the name of a field that is nested too deep to be
 * carried (the parts are then incomplete), else undefined.
 */
export const fillParts = (steps: readonly Step[], record: EventRecord, parts: CallParts): string | undefined => {
  for (const step of steps) {
    const raw = record[step.field];
    if (raw === null || raw === undefined) continue;
    const value = step.transform ? transformed(step.transform, raw) : raw;
    if (value === undefined) continue;
    if (isNestedDeeperThan(maxNesting, value)) return step.field;
    place(step.target, value, parts);
  }
  return undefined;
};

const transformed = (transform: FieldTransform, value: AvroValue): string | undefined =>
  typeof value === "string" ? transform(value) : undefined;
