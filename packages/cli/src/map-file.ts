import { cutChunks } from "@currents-relay/ingest/core/chunk.ts";
import { readContainer } from "@currents-relay/ingest/core/avro-container.ts";
import { eventTypeReader } from "@currents-relay/ingest/core/event-type.ts";
import { type Chunk, originOf } from "@currents-relay/shared/contracts/chunk.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";
import { readJsonEvents } from "./json-events.ts";

export interface MapResult {
  calls: number;
  dropped: Record<string, number>;
  quarantined: { reason: string; message: string; at: string }[];
  faults: { reason: string; message: string; offset: number }[];
}

interface MapOptions {
  /** The file's path: an event type may be in it. */
  name: string;
  rules: ConnectorRules;
  /** Takes one call as JSON; resolves when it may be called again. */
  write: (json: string) => Promise<void>;
}

const eventTypeOf = eventTypeReader([...exportedEventTypes, ...unexportedEventTypes]);
const avroMagic = "Obj\x01";

/**
 * Maps a whole file by ingest's and transform's own core, without Redis: what does not begin as an Avro container is
 * read as JSON. A repeat of an id is left out only within one chunk; the window is Redis' to know.
 */
export const mapFile = async (bytes: AsyncIterable<Buffer>, options: MapOptions): Promise<MapResult> => {
  const result: MapResult = { calls: 0, dropped: {}, quarantined: [], faults: [] };
  const pieces = bytes[Symbol.asyncIterator]();
  const first = await pieces.next();
  const rest = joined(first.done ? Buffer.alloc(0) : first.value, pieces);
  const isJson = !first.done && looksLikeJson(first.value);
  for await (const part of isJson ? readJsonEvents(rest, options) : avroChunks(rest, options)) {
    if (part.kind === "fault") result.faults.push(part);
    else await mapOne(part.chunk, options, result);
  }
  return result;
};

const looksLikeJson = (start: Buffer): boolean =>
  start.toString("latin1", 0, avroMagic.length) !== avroMagic && /^\s*[[{]/.test(start.toString("utf8", 0, 200));

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

const avroChunks = (bytes: AsyncIterable<Buffer>, { name, rules }: MapOptions) =>
  cutChunks(readContainer(bytes), {
    connector: rules.connector,
    source: { fileId: "", uri: name },
    landedAtMs: 0,
    eventTypeOf: (recordName) => eventTypeOf(recordName, name),
  });

const mapOne = async (chunk: Chunk, { rules, write }: MapOptions, result: MapResult): Promise<void> => {
  const mapped = mapChunk(chunk, rules);
  for (const call of mapped.calls) await write(call.json);
  result.calls += mapped.calls.length;
  for (const [reason, count] of Object.entries(mapped.dropped))
    result.dropped[reason] = (result.dropped[reason] ?? 0) + count;
  for (const { index, reason, message } of mapped.quarantined) {
    const { blockOffset, recordIndex } = originOf(chunk.header, index);
    result.quarantined.push({ reason, message, at: `block at byte ${blockOffset}, record ${recordIndex}` });
  }
};
