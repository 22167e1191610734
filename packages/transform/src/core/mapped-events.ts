import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { OpenPage } from "@currents-relay/shared/core/pages.ts";
import type { AvroMappers, CompiledRules } from "./compiled-rules.ts";
import type { CallText } from "./call-text.ts";
import { CallWriter } from "./call-writer.ts";
import { asBuffer, jsonEvents } from "./decode-chunk.ts";
import type { MappedCall } from "./map-event.ts";

/**
 * Of a call, for a byte of its event. Avro's records are mostly text, and their keys come on top: 1.5 for email clicks, more
 * for what is short. JSON has the keys already: 1.1.
 */
const mostJsonForSource = 2;
/** The last record asks for more room than it will take. */
const spareBytes = 16 * 1024;

/** One event of a chunk and what it became. */
export interface MappedEvent {
  outcome: Outcome<MappedCall<CallText>>;
  /** Undefined where it is no event. */
  eventType?: string;
  /** Undefined where nobody had to make it. */
  record?: EventRecord;
}

/**
 * Maps the events of a chunk, in order, each to the JSON of its call. Throws where its body is not what the header says: ingest walked every record
 * before it wrote the chunk, so the chunk itself is damaged.
 */
export function* mappedEvents(
  chunk: Chunk,
  { mapperOf, mappersOf }: CompiledRules,
  openPage: OpenPage,
): Generator<MappedEvent> {
  const { content } = chunk.header;
  const writer = new CallWriter(chunk.body.length * mostJsonForSource + spareBytes, openPage);
  if (content.encoding === "avro")
    return yield* avroEvents(chunk, content.eventType, mappersOf(content.eventType, content.schema), writer);
  for (const decoded of jsonEvents(chunk)) {
    if (decoded.kind !== "ok") {
      yield { outcome: decoded };
      continue;
    }
    const { eventType, record } = decoded.value;
    yield { outcome: inPage(mapperOf(eventType)(record), writer), eventType, record };
  }
}

function* avroEvents(
  { header, body }: Chunk,
  eventType: string,
  { type, plain, direct }: AvroMappers,
  writer: CallWriter,
): Generator<MappedEvent> {
  const source = asBuffer(body);
  if (!direct) {
    for (const record of type.decodeAll(source, header.records))
      yield { outcome: inPage(plain(record), writer), eventType, record };
    return;
  }
  const at = { source, starts: new Uint32Array(type.fields.length), bytes: 0 };
  let pos = 0;
  for (let index = 0; index < header.records; index++) {
    const end = type.scan(source, pos, at.starts);
    at.bytes = end - pos;
    const outcome = direct(at, writer);
    if (outcome) yield { outcome, eventType };
    else {
      const record = type.decode(source, pos).value;
      yield { outcome: inPage(plain(record), writer), eventType, record };
    }
    pos = end;
  }
  if (pos !== source.length)
    throw new Error(`${header.records} records end at ${pos} and leave ${source.length - pos} bytes over`);
}

/** Between the calls beside it, so that their body need not be put together. */
const inPage = (outcome: Outcome<MappedCall>, writer: CallWriter): Outcome<MappedCall<CallText>> =>
  outcome.kind === "ok" ? ok({ ...outcome.value, call: writer.whole(JSON.stringify(outcome.value.call)) }) : outcome;
