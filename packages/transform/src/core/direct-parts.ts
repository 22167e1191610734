import type { RecordField } from "@currents-relay/shared/avro/record-type.ts";
import { compileStep, inOrderOfStrength, type Step } from "./call-parts.ts";
import type { CallWriter } from "./call-writer.ts";
import { compileField, compileText, type FindText, isReadable, type Span, type WriteField } from "./direct-field.ts";
import type { FieldTransform } from "./field-rules.ts";

/** Writes one member of the call; false: the record has a value that only the plain mapper can carry. */
export type WritePart = (source: Buffer, starts: Uint32Array, writer: CallWriter) => boolean;

export interface PartsInput {
  eventType: string;
  fields: readonly RecordField[];
  transforms: ReadonlyMap<string, FieldTransform>;
}

export interface Parts {
  /** `,"properties":{...}` */
  writeProperties: WritePart;
  /** `,"context":{...}` */
  writeContext: WritePart;
  /** Of both, without the texts of the record. */
  mostBytes: number;
}

interface Piece {
  /** Of the field in the schema. */
  index: number;
  write: WriteField;
}

interface Member extends Piece {
  group: string;
  find: FindText;
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const keyOf = (name: string): Uint8Array => bytesOf(`,${JSON.stringify(name)}:`);
const propertiesKey = keyOf("properties");
const contextKey = keyOf("context");

/** A number has at most 25 characters, a hash 64 and its quotes. */
const mostBytesOfValue = 80;

const beginObject = (writer: CallWriter, key: Uint8Array): number => {
  writer.bytes(key);
  return writer.length;
};

/** Each member has begun with a comma; the first one becomes the brace. */
const endObject = (writer: CallWriter, start: number): void => {
  if (writer.length === start) writer.byte(0x7b);
  else writer.replace(start, 0x7b);
  writer.byte(0x7d);
};

const propertiesOf =
  (pieces: readonly Piece[]): WritePart =>
  (source, starts, writer) => {
    const start = beginObject(writer, propertiesKey);
    for (const { index, write } of pieces) if (write(source, starts[index] ?? 0, writer) === "not-here") return false;
    endObject(writer, start);
    return true;
  };

const anySpan: Span = { from: 0, end: 0 };

/** A group stands where the first of its members that is there does. */
const contextOf = (members: readonly Member[]): WritePart => {
  const groups = new Map(
    [...Map.groupBy(members, ({ group }) => group)].map(([name, of]) => [name, { key: keyOf(name), of }]),
  );
  const begun: string[] = [];
  return (source, starts, writer) => {
    begun.length = 0;
    for (const { index, find, group } of members)
      if (!begun.includes(group) && find(source, starts[index] ?? 0, anySpan)) begun.push(group);
    const start = beginObject(writer, contextKey);
    for (const name of begun) {
      const group = groups.get(name);
      if (!group) continue;
      const groupStart = beginObject(writer, group.key);
      for (const { index, write } of group.of) write(source, starts[index] ?? 0, writer);
      endObject(writer, groupStart);
    }
    endObject(writer, start);
    return true;
  };
};

interface Placed {
  step: Step;
  field: RecordField;
  index: number;
}

const pathOf = ({ target }: Step): string =>
  JSON.stringify(target.kind === "context" ? [target.group, target.name] : target.kind === "property" && target.name);

/** JavaScript puts members that are called like an index before all others. */
const isLikeIndex = ({ target }: Step): boolean => target.kind !== "merge" && /^\d+$/.test(target.name);

/** The steps of the plain mapper, in its order; undefined where one of them is not for us. */
const place = ({ eventType, fields, transforms }: PartsInput): Placed[] | undefined => {
  const byName = new Map(fields.map((field, index) => [field.name, { field, index }]));
  const steps = inOrderOfStrength(fields.map(({ name }) => compileStep(eventType, name, transforms)));
  const placed = steps.flatMap((step) => {
    const found = byName.get(step.field);
    return found ? [{ step, ...found }] : [];
  });
  const isOurs = placed.every(
    ({ step, field }) => step.target.kind !== "merge" && isReadable(field) && !isLikeIndex(step),
  );
  return isOurs && new Set(steps.map(pathOf)).size === steps.length ? placed : undefined;
};

const compileWrite = ({ step, field }: Placed, name: string): WriteField =>
  compileField(field, { key: keyOf(name), transform: step.transform });

/** Undefined: a field is merged into the properties, two have one target, or one of the context may be no text. */
export const compileParts = (input: PartsInput): Parts | undefined => {
  const placed = place(input);
  if (!placed) return undefined;
  const pieces: Piece[] = [];
  const members: Member[] = [];
  let mostBytes = propertiesKey.length + contextKey.length;
  for (const one of placed) {
    const { target } = one.step;
    if (target.kind === "merge") return undefined;
    const write = compileWrite(one, target.name);
    mostBytes += keyOf(target.name).length + mostBytesOfValue;
    if (target.kind === "property") pieces.push({ index: one.index, write });
    else {
      const find = compileText(one.field);
      if (!find) return undefined;
      members.push({ index: one.index, write, find, group: target.group });
      mostBytes += keyOf(target.group).length;
    }
  }
  return { writeProperties: propertiesOf(pieces), writeContext: contextOf(members), mostBytes };
};
