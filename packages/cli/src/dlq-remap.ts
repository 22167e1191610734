import type { QuarantineLine, Remapped } from "@currents-relay/deliver/core/quarantine-content.ts";
import { contentOf } from "@currents-relay/deliver/core/quarantine-content.ts";
import type { RestoredInPart } from "@currents-relay/deliver/core/desk-entry.ts";
import type { ReplayPorts } from "@currents-relay/deliver/replay-quarantine.ts";
import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import { type Chunk, decodeChunk as readChunk } from "@currents-relay/shared/contracts/chunk.ts";
import { readOwn } from "@currents-relay/shared/core/damaged-payload.ts";
import { dropReasons, quarantineReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { decodeChunk } from "@currents-relay/transform/core/decode-chunk.ts";
import { bytesOfCall } from "@currents-relay/transform/core/call-text.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import { quarantineParcels } from "@currents-relay/transform/core/parcels.ts";
import { rulesFor } from "@currents-relay/transform/config.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";

/** What transform's own core makes of quarantined records by these rules. */
export const remapBy =
  (rules: ReadonlyMap<string, ConnectorRules>): ReplayPorts["remap"] =>
  ({ connector, ofReread }, lines) => {
    const ofConnector = rules.get(connector);
    return ofConnector && remap(lines, rulesFor(ofConnector, ofReread));
  };

const remap = (lines: readonly QuarantineLine[], rules: ConnectorRules): (Remapped | undefined)[] => {
  const result: (Remapped | undefined)[] = lines.map(() => undefined);
  const events = lines.flatMap((line, at) => {
    const text = eventText(line);
    return text === undefined ? [] : [{ at, text }];
  });
  const mapped = mapChunk(
    jsonChunk(
      events.map(({ text }) => text),
      rules,
    ),
    rules,
  );
  for (const { index, json, id } of mapped.calls)
    set(result, events[index]?.at, callOf(bytesOfCall(json).toString(), id));
  for (const { index, reason, message } of mapped.quarantined)
    set(result, events[index]?.at, { kind: "stays", reason, message });
  for (const { at, text } of events) result[at] ??= dropOf(text, rules);
  return result;
};

const set = (result: (Remapped | undefined)[], at: number | undefined, remapped: Remapped): void => {
  if (at !== undefined) result[at] = remapped;
};

const callOf = (json: string, eventId: string): Remapped => ({
  kind: "call",
  call: JSON.parse(json) as JsonValue, // a call as it was serialised
  eventId,
});

/** The event as one of Braze's Custom HTTP connector, flat. */
const eventText = ({ record, eventType }: QuarantineLine): string | undefined =>
  eventType !== undefined && typeof record === "object" && record !== null && !Array.isArray(record)
    ? JSON.stringify({ ...record, event_type: eventType })
    : undefined;

const jsonChunk = (events: readonly string[], { connector }: ConnectorRules): Chunk => ({
  header: {
    v: 1,
    connector,
    source: { fileId: "", uri: "" },
    landedAtMs: 0,
    records: events.length,
    spans: [{ blockOffset: 0, firstRecord: 0, records: events.length }],
    content: { encoding: "json" },
  },
  body: Buffer.from(events.join("\n")),
});

/**
 * Why a record is neither mapped nor quarantined: by itself it says so. What a rule leaves out stays in quarantine, so
 * that a rule that was written by mistake loses nothing; one that is good by itself repeats an id of the same entry.
 */
const dropOf = (event: string, rules: ConnectorRules): Remapped => {
  const [reason] = Object.keys(mapChunk(jsonChunk([event], rules), rules).dropped);
  return reason === undefined ? { kind: "duplicate" } : { kind: "stays", reason, message: meaningOf(reason) };
};

/** In a few words, what a reason means. */
export const meaningOf = (reason: string): string => {
  const meanings: Readonly<Record<string, string>> = { ...dropReasons, ...quarantineReasons };
  return meanings[reason] ?? reason;
};

/**
 * The events of a chunk that was set aside as a whole, as transform would have set each aside. Throws DamagedPayload where it
 * is none.
 */
export const linesOfChunk = (bytes: Buffer, { from, reason, detail }: RestoredInPart): QuarantineLine[] => {
  const { chunk, decoded } = readOwn(() => {
    const read = readChunk(bytes);
    return { chunk: read, decoded: decodeChunk(read) };
  });
  const events = decoded.events.map((event, index) => ({
    index,
    reason,
    message: detail,
    ...(event.kind === "ok" && { eventType: event.value.eventType }),
  }));
  const [parcel] = quarantineParcels(from, chunk, events);
  const content = contentOf(Buffer.concat([parcel?.payload ?? []].flat()));
  return content.kind === "lines" ? content.lines : [];
};
