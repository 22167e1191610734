import { createHash, createHmac } from "node:crypto";
import type { FieldRules } from "./rules.ts";

/** Changes the text of one field. What is not text cannot be changed so, and is left out: better missing than leaked. */
export type FieldTransform = (text: string) => string;

/** Braze's own word for a removed value. Source: Braze's page on its Segment connector, "Field transformations". */
export const redacted = "[REDACTED]";

const hashing = (key: string | undefined): FieldTransform =>
  key === undefined
    ? (text) => createHash("sha256").update(text).digest("hex")
    : (text) => createHmac("sha256", key).update(text).digest("hex");

/** What cannot be done to a field: without `id` and `time` there is no call, and one userId for all merges all users. */
const refused = {
  remove: new Set(["id", "time", "user_id", "external_user_id"]),
  hash: new Set(["id", "time"]),
} as const;

/** The rules that would break every event, as sentences. Empty: the rules can be used. */
export const fieldRuleFaults = ({ remove, hash }: FieldRules): string[] => [
  ...remove.filter((field) => refused.remove.has(field)).map((field) => `"${field}" cannot be removed`),
  ...hash.filter((field) => refused.hash.has(field)).map((field) => `"${field}" cannot be hashed`),
];

/**
 * Storage field -> what is done to its text, in every event in which the field appears, before mapping. A field that
 * is both removed and hashed is removed. Throws on rules that {@link fieldRuleFaults} refuses.
 */
export const compileFieldRules = (rules: FieldRules): ReadonlyMap<string, FieldTransform> => {
  const faults = fieldRuleFaults(rules);
  if (faults.length > 0) throw new Error(`field rules: ${faults.join("; ")}`);
  const hash = hashing(rules.hashKey);
  return new Map<string, FieldTransform>([
    ...rules.hash.map((field) => [field, hash] as const),
    ...rules.remove.map((field) => [field, () => redacted] as const),
  ]);
};
