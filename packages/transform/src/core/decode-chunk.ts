import { alreadyChecked } from "@currents-relay/shared/avro/record-limits.ts";
import { readRecordType } from "@currents-relay/shared/avro/record-type.ts";
import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { parseExactly } from "@currents-relay/shared/core/exact-json.ts";
import { ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";

export interface DecodedEvent {
  eventType: string;
  record: EventRecord;
}

export interface DecodedChunk {
  /** One for each record that the chunk's header counts, in order. */
  events: Outcome<DecodedEvent>[];
  /** The fields that every record has (Avro); undefined: each record has fields of its own (JSON). */
  fields: readonly string[] | undefined;
}

/**
 * Reads the events of a chunk. A JSON line that is no event is one quarantined outcome. Throws where the body is not
 * what the header says: ingest walked every record before it wrote the chunk, so the chunk itself is damaged.
 */
export const decodeChunk = ({ header, body }: Chunk): DecodedChunk => {
  if (header.content.encoding === "avro") {
    const { eventType, schema } = header.content;
    const type = readRecordType(schema, alreadyChecked); // by ingest
    const records = type.decodeAll(asBuffer(body), header.records);
    return {
      events: records.map((record) => ok({ eventType, record })),
      fields: type.fields.map(({ name }) => name),
    };
  }
  return { events: [...jsonEvents({ header, body })], fields: undefined };
};

/**
 * The events of a chunk of JSON lines, each read when it is asked for: 1,500 of them at once would be moved about by several
 * collections of young objects. Throws as {@link decodeChunk}, before the first.
 */
export function* jsonEvents({ header, body }: Chunk): Generator<Outcome<DecodedEvent>> {
  const lines = asBuffer(body).toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length !== header.records)
    throw new Error(`the chunk has ${lines.length} lines, its header counts ${header.records}`);
  for (const line of lines) yield eventOfLine(line);
}

/** The same bytes, as Node likes them. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type JsonObject = Record<string, AvroValue>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const eventOfLine = (line: string): Outcome<DecodedEvent> => {
  const event = parsedOrUndefined(line);
  // The parser's own message quotes the line, which is customer data.
  if (!isObject(event)) return quarantine("bad-record", new Error("the line is not a JSON object"));
  const { event_type: eventType } = event;
  if (typeof eventType !== "string" || eventType === "")
    return quarantine("unknown-event-type", new Error("the event has no event_type"));
  return ok({ eventType, record: flatRecord(event) });
};

const parsedOrUndefined = (text: string): unknown => {
  try {
    return parseExactly(text);
  } catch {
    return undefined; // the caller quarantines the line
  }
};

/**
 * A Custom HTTP event as the flat record that Braze stores: the members of `properties`, then those of `user`, then
 * the event's own, later ones winning unless null. Members that we do not know are kept. An event that is flat
 * already passes as it is: `properties` that are no object are a field (the JSON text of a custom event).
 */
const flatRecord = ({ event_type: _type, properties, user, ...own }: JsonObject): EventRecord => ({
  ...membersOrField("properties", properties),
  ...withoutNulls(membersOrField("user", user)),
  ...withoutNulls(own),
});

const membersOrField = (field: string, value: AvroValue | undefined): JsonObject =>
  isObject(value) ? value : value === undefined ? {} : { [field]: value };

const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
