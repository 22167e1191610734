import { cutChunks } from "@currents-relay/ingest/core/chunk.ts";
import { readContainer } from "@currents-relay/ingest/core/avro-container.ts";
import { eventTypeReader } from "@currents-relay/ingest/core/event-type.ts";
import { type Chunk, originOf } from "@currents-relay/shared/contracts/chunk.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import { bytesOfCall } from "@currents-relay/transform/core/call-text.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";
import { readJsonEvents } from "./json-events.ts";

export interface MapResult {
  calls: number;
  /** Reason -> events. */
  dropped: Map<string, number>;
  quarantined: Map<string, number>;
  /** Event types that the catalog does not have -> events, mapped by the general rules. */
  unknownTypes: Map<string, number>;
  /** Parts of the file that could not be read. */
  faults: number;
  /** A sentence on each of the first faults and quarantined events, with its place in the file. */
  examples: string[];
}

interface MapOptions {
  /** The file's path: an event type may be in it. */
  name: string;
  rules: ConnectorRules;
  /** Takes some calls, a line each; resolves when more may come, with false when nobody wants them. */
  write: (lines: string) => Promise<boolean>;
}

const maxExamples = 20;
const eventTypeOf = eventTypeReader([...exportedEventTypes, ...unexportedEventTypes]);
const avroMagic = "Obj\x01";

/**
 * Maps a whole file by ingest's and transform's own core, without Redis, in memory that does not grow with it. What
 * begins with a bracket is read as JSON, all else as Avro. A repeat of an id is left out only within one chunk: the
 * dedup window is Redis' to know.
 */
export const mapFile = async (bytes: AsyncIterable<Buffer>, options: MapOptions): Promise<MapResult> => {
  const counts = { dropped: new Map(), quarantined: new Map(), unknownTypes: new Map() };
  const result: MapResult = { calls: 0, ...counts, faults: 0, examples: [] };
  const { name, rules } = options;
  const pieces = bytes[Symbol.asyncIterator]();
  const first = await pieces.next();
  const start: Buffer = first.done ? Buffer.alloc(0) : first.value;
  const rest = joined(start, pieces);
  const parts = looksLikeJson(start)
    ? readJsonEvents(rest, { name, connector: rules.connector })
    : avroChunks(rest, options);
  for await (const part of parts) {
    if (part.kind === "fault") {
      result.faults += 1;
      note(result, `unreadable: ${part.reason} at byte ${part.offset}: ${part.message}`);
    } else if (!(await mapOne(part.chunk, options, result))) break;
  }
  return result;
};

const looksLikeJson = (start: Buffer): boolean =>
  start.toString("latin1", 0, avroMagic.length) !== avroMagic && /^\s*[[{]/.test(start.toString("utf8", 0, 200));

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const avroChunks = (bytes: AsyncIterable<Buffer>, { name, rules }: MapOptions) =>
  cutChunks(readContainer(bytes), {
    connector: rules.connector,
    source: { fileId: "", uri: name },
    landedAtMs: 0,
    eventTypeOf: (recordName) => eventTypeOf(recordName, name),
  });

/** False when nobody wants more. */
const mapOne = async (chunk: Chunk, { rules, write }: MapOptions, result: MapResult): Promise<boolean> => {
  const { calls, dropped, quarantined, unknownTypes } = mapChunk(chunk, rules);
  result.calls += calls.length;
  for (const [reason, count] of Object.entries(dropped)) add(result.dropped, reason, count);
  for (const [eventType, count] of unknownTypes) add(result.unknownTypes, eventType, count);
  for (const { index, reason, message } of quarantined) {
    add(result.quarantined, reason, 1);
    note(result, `quarantined: ${reason}: ${message} (${placeOf(chunk, index)})`);
  }
  return calls.length === 0 || write(calls.map(({ json }) => bytesOfCall(json).toString()).join("\n"));
};

const placeOf = ({ header }: Chunk, index: number): string => {
  const { blockOffset, recordIndex } = originOf(header, index);
  return header.content.encoding === "json"
    ? `event ${recordIndex + 1}`
    : `block at byte ${blockOffset}, record ${recordIndex}`;
};

const add = (counts: Map<string, number>, label: string, count: number): void => {
  counts.set(label, (counts.get(label) ?? 0) + count);
};

const note = ({ examples }: MapResult, sentence: string): void => {
  if (examples.length < maxExamples) examples.push(sentence);
};
