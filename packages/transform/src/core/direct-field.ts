import type { RecordField } from "@currents-relay/shared/avro/record-type.ts";
import { readLong } from "@currents-relay/shared/avro/varint.ts";
import type { CallWriter } from "./call-writer.ts";
import type { FieldTransform } from "./field-rules.ts";

/**
 * What became of a value: it was written; there was nothing to write (null, NaN); or it is one that only the plain mapper
 * can carry (an array, bytes, an enum, an integer beyond 2^53).
 */
export type Written = "written" | "nothing" | "not-here";

/** Writes the value at `pos`, as JSON, behind `key`. The bytes have been walked before: nothing is checked. */
export type WriteField = (source: Buffer, pos: number, writer: CallWriter) => Written;

type Kind = RecordField["types"][number];

/** A branch has one byte while there are no more than these. */
const maxBranches = 64;

/** Whether the number of a branch is where we look for it. */
export const isReadable = ({ types }: RecordField): boolean => types.length <= maxBranches;

/** The kind of the value at `pos`, and where it begins. */
const kindAt = ({ types, isUnion }: RecordField, source: Buffer, pos: number): Kind =>
  (isUnion ? types[(source[pos] ?? 0) >> 1] : types[0]) ?? "null";

/** Where a string's bytes lie, behind their length. */
export interface Span {
  from: number;
  end: number;
}

/** The string whose length stands at `pos`. */
const spanAt = (source: Buffer, pos: number, into: Span): void => {
  let byte = source[pos++] as number; // The walk found a length here.
  let length = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = source[pos++] as number;
    length |= (byte & 0x7f) << shift;
  }
  into.from = pos;
  into.end = pos + (length >>> 1); // zigzag of a number that is not negative, below 2^31: it is in a Buffer
};

/** Finds the text of a field that holds text or null; false: null. */
export type FindText = (source: Buffer, pos: number, into: Span) => boolean;

/** Undefined: the field may hold something else. */
export const compileText = (field: RecordField): FindText | undefined => {
  if (!isReadable(field) || field.types.some((kind) => kind !== "string" && kind !== "null")) return undefined;
  const behindBranch = field.isUnion ? 1 : 0;
  return (source, pos, into) => {
    if (kindAt(field, source, pos) === "null") return false;
    spanAt(source, pos + behindBranch, into);
    return true;
  };
};

/** Reads a field that holds a whole number or null; undefined: null, or one that is no exact number. */
export const compileWhole = (field: RecordField): ((source: Buffer, pos: number) => number | undefined) | undefined => {
  if (!isReadable(field) || field.types.some((kind) => kind !== "int" && kind !== "long" && kind !== "null"))
    return undefined;
  const behindBranch = field.isUnion ? 1 : 0;
  return (source, pos) =>
    kindAt(field, source, pos) === "null" ? undefined : exactly(wholeAt(source, pos + behindBranch));
};

const wholeAt = (source: Buffer, pos: number): number => readLong({ bytes: source, pos, end: source.length });

const exactly = (value: number): number | undefined => (Number.isSafeInteger(value) ? value : undefined);

/** What is not text and can be written here; undefined: an integer that is not exact. */
const scalars: Partial<Record<Kind, (source: Buffer, pos: number) => number | boolean | undefined>> = {
  boolean: (source, pos) => source[pos] === 1,
  int: (source, pos) => exactly(wholeAt(source, pos)),
  long: (source, pos) => exactly(wholeAt(source, pos)),
  float: (source, pos) => source.readFloatLE(pos),
  double: (source, pos) => source.readDoubleLE(pos),
};

const writeScalar = (value: number | boolean | undefined, key: Uint8Array, writer: CallWriter): Written => {
  if (value === undefined) return "not-here";
  if (typeof value === "number" && !Number.isFinite(value)) return "nothing";
  writer.bytes(key);
  writer.ascii(String(value)); // as JSON has it
  return "written";
};

const span: Span = { from: 0, end: 0 };

/** What is done with a text on its way; left out: nothing. */
export interface FieldUse {
  /** `,"name":` */
  key: Uint8Array;
  transform: FieldTransform | undefined;
}

const writeText = (source: Buffer, pos: number, writer: CallWriter, { key, transform }: FieldUse): Written => {
  spanAt(source, pos, span);
  writer.bytes(key);
  if (transform) writer.string(transform(source.toString("utf8", span.from, span.end)));
  else writer.text(source, span.from, span.end);
  return "written";
};

/** Settles how a field's value is written. */
export const compileField = (field: RecordField, use: FieldUse): WriteField => {
  const behindBranch = field.isUnion ? 1 : 0;
  return (source, pos, writer) => {
    const kind = kindAt(field, source, pos);
    if (kind === "null") return "nothing";
    if (kind === "string") return writeText(source, pos + behindBranch, writer, use);
    if (kind === "enum") return "not-here"; // text to the plain mapper
    // What is not text cannot be changed as a rule asks, and is left out (field-rules.ts).
    return use.transform ? "nothing" : writeScalar(scalars[kind]?.(source, pos + behindBranch), use.key, writer);
  };
};
