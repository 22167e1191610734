import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import type { AvroValue } from "@currents-relay/shared/contracts/event.ts";

type Nested = AvroValue[] | { [field: string]: AvroValue };

/** Nothing that Braze documents nests deeper than a custom event's properties; JSON.stringify itself gives up at ~5,000. */
export const maxNesting = 100;

export const isNested = (value: AvroValue | undefined): value is Nested =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array);

/** Whether arrays and objects stand in each other more than `levels` deep. */
export const isNestedDeeperThan = (levels: number, value: AvroValue): boolean =>
  isNested(value) && (levels === 0 || Object.values(value).some((member) => isNestedDeeperThan(levels - 1, member)));

/**
 * An Avro or JSON value as a track call can carry it; undefined: nothing that JSON could say, so leave it out.
 * NaN and the infinities are such. Integers beyond 2^53 and bytes (base64) become strings; lone surrogates U+FFFD.
 * Inside an array null stands for what cannot be said, so that positions stay. A member named __proto__ is left out.
 * The caller has made sure that the value is not nested deeper than {@link maxNesting}.
 */
export const toJsonValue = (value: AvroValue | undefined): JsonValue | undefined => {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value === undefined || value === null || typeof value === "boolean" ? value : toNested(value);
};

const toNested = (value: Uint8Array | Nested): JsonValue => {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (Array.isArray(value)) return value.map((item) => toJsonValue(item) ?? null);
  const object: { [key: string]: JsonValue } = {};
  for (const [key, member] of Object.entries(value)) {
    const converted = toJsonValue(member);
    if (converted !== undefined && key !== "__proto__") object[key.toWellFormed()] = converted;
  }
  return object;
};
