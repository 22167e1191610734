import type { RecordField, RecordType } from "@currents-relay/shared/avro/record-type.ts";
import { messageIdMaker } from "@currents-relay/shared/core/message-id.ts";
import { drop, ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { CallText } from "./call-text.ts";
import type { CallWriter } from "./call-writer.ts";
import { compileText, compileWhole, type Span } from "./direct-field.ts";
import { bytesOf, compileParts } from "./direct-parts.ts";
import { compileFieldRules, type FieldTransform } from "./field-rules.ts";
import { fixedName, type MappedCall } from "./map-event.ts";
import type { ConnectorRules } from "./rules.ts";
import { isDate } from "./timestamp.ts";

/** An Avro record of so many bytes whose fields begin at `starts`. */
export interface RecordSpan {
  source: Buffer;
  starts: Uint32Array;
  bytes: number;
}

/**
 * Maps a record to a call in the writer's page. Undefined: the plain mapper has to, because the record has a value that
 * this one cannot write, or is to be set aside.
 */
export type DirectMapper = (record: RecordSpan, writer: CallWriter) => Outcome<MappedCall<CallText>> | undefined;

export interface DirectInput {
  eventType: string;
  fields: RecordType["fields"];
  rules: ConnectorRules;
}

const opening = bytesOf('{"type":"track","messageId":');
const userIdKey = bytesOf(',"userId":');
const anonymousIdKey = bytesOf(',"anonymousId":');
const timestampKey = bytesOf(',"timestamp":');

/** A control character takes six bytes in JSON. */
const mostBytesForOne = 6;
/** Keys, messageId, timestamp and hashes of the envelope. */
const envelopeBytes = 600;

/**
 * Writes the JSON of calls straight from Avro bytes: no record, no call and hardly a text is made in between, which is
 * most of what an event costs. The plain mapper (map-event.ts) is the specification; direct-mapper.test.ts holds this one
 * to it, byte for byte. Undefined where it does not know how: see {@link compileParts}, and odd types of id, user or time.
 */
export const compileDirectMapper = (input: DirectInput): DirectMapper | undefined => {
  const { eventType, fields, rules } = input;
  const transforms = compileFieldRules(rules.fields);
  const name = fixedName(eventType, rules);
  const envelope = compileEnvelope(fields, transforms);
  const parts = compileParts({ eventType, fields, transforms });
  if (!name || !envelope || !parts) return undefined;

  const { id, externalUser, user, time } = envelope;
  const eventPart = bytesOf(`,"event":${JSON.stringify(name.text)}`);
  const messageIdOf = messageIdMaker(rules.salt);
  const mostBytes = envelopeBytes + eventPart.length + parts.mostBytes;

  return ({ source, starts, bytes }, writer) => {
    if (!id.find(source, starts)) return undefined;
    const hasExternalUser = externalUser.find(source, starts);
    if (!hasExternalUser && !rules.anonymousUsers) return drop("no-external-user-id");
    const seconds = time(source, starts);
    if (!user.find(source, starts) || seconds === undefined || !isDate(seconds * 1000)) return undefined;

    const eventId = id.text(source);
    const messageId = messageIdOf(eventId);
    writer.begin(mostBytesForOne * bytes + mostBytes);
    writer.bytes(opening);
    if (messageId === eventId) id.write(source, writer);
    else writer.string(messageId);
    writer.bytes(eventPart);
    if (hasExternalUser) {
      writer.bytes(userIdKey);
      externalUser.write(source, writer);
    }
    writer.bytes(anonymousIdKey);
    user.write(source, writer);
    writer.bytes(timestampKey);
    writer.timestamp(seconds);
    if (!parts.writeProperties(source, starts, writer) || !parts.writeContext(source, starts, writer)) return undefined;
    writer.byte(0x7d);
    return ok({ call: writer.end(), id: eventId, unknownType: name.isUnknownType });
  };
};

/** A text of the envelope. `write` and `text` are of the record that it was found in last. */
interface EnvelopeText {
  /** False: null, empty, or no such field. */
  find: (source: Buffer, starts: Uint32Array) => boolean;
  write: (source: Buffer, writer: CallWriter) => void;
  text: (source: Buffer) => string;
}

const compileEnvelope = (fields: readonly RecordField[], transforms: ReadonlyMap<string, FieldTransform>) => {
  const indexOf = (name: string) => fields.findIndex((field) => field.name === name);
  const textOf = (name: string): EnvelopeText | undefined => {
    const index = indexOf(name);
    const field = fields[index];
    const find = field ? compileText(field) : () => false;
    return find && envelopeText(index, find, transforms.get(name));
  };
  const timeIndex = indexOf("time");
  const timeField = fields[timeIndex];
  const secondsAt = timeField && compileWhole(timeField);
  const [id, externalUser, user] = [textOf("id"), textOf("external_user_id"), textOf("user_id")];
  if (!id || !externalUser || !user || !secondsAt) return undefined;
  return {
    id,
    externalUser,
    user,
    time: (source: Buffer, starts: Uint32Array) => secondsAt(source, starts[timeIndex] ?? 0),
  };
};

const envelopeText = (
  index: number,
  find: (source: Buffer, pos: number, into: Span) => boolean,
  transform: FieldTransform | undefined,
): EnvelopeText => {
  const at: Span = { from: 0, end: 0 };
  const text = (source: Buffer) => source.toString("utf8", at.from, at.end);
  return {
    find: (source, starts) => find(source, starts[index] ?? 0, at) && at.end > at.from,
    text,
    write: (source, writer) => {
      if (transform) writer.string(transform(text(source)));
      else writer.text(source, at.from, at.end);
    },
  };
};
