import { crc32 } from "node:zlib";
import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import { type Chunk, type ChunkHeader, originOf } from "@currents-relay/shared/contracts/chunk.ts";
import type { DeliverJob, QuarantineJob, Reread } from "@currents-relay/shared/contracts/jobs.ts";
import type { QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import { deliverJobId, type JobId, quarantineJobId } from "@currents-relay/shared/core/ids.ts";
import type { Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import { decodeChunk, type DecodedEvent } from "./decode-chunk.ts";
import { isNestedDeeperThan, maxNesting, toJsonValue } from "./json-value.ts";
import type { QuarantinedEvent, ReadyCall } from "./map-chunk.ts";
import { type Body, bodyBytes } from "./pack.ts";

/** One parcel for each request body, in order. */
export const deliverParcels = (
  chunkJob: JobId,
  header: ChunkHeader,
  bodies: readonly Body<ReadyCall>[],
  reread?: Reread,
): Parcel<DeliverJob>[] =>
  bodies.map((body, index) => {
    const payload = bodyBytes(body);
    return {
      id: deliverJobId(chunkJob, fingerprintOf(body.calls), index),
      events: body.calls.length,
      payload,
      data: {
        v: 1,
        connector: header.connector,
        calls: body.calls.length,
        bytes: body.bytes,
        landedAtMs: header.landedAtMs,
        origin: { uri: header.source.uri, blockOffset: header.spans[0]?.blockOffset ?? 0 },
        ...(reread && { reread }),
      },
    };
  });

/**
 * Which of the chunk's events these are. Tells what one run of a chunk made of it from what the next one does under other
 * rules, after a crash in a bad moment: a checksum does.
 */
const fingerprintOf = (events: readonly { index: number }[]): string =>
  crc32(Uint32Array.from(events, ({ index }) => index))
    .toString(16)
    .padStart(8, "0");

/**
 * One parcel for each reason, with the events themselves in the payload: one JSON line each, with where it came from
 * and what was wrong. For an engineer to look at, and for a later replay with a better mapping.
 */
export const quarantineParcels = (
  chunkJob: JobId,
  chunk: Chunk,
  events: readonly QuarantinedEvent[],
  reread?: Reread,
): Parcel<QuarantineJob>[] => {
  if (events.length === 0) return [];
  const decoded = decodeChunk(chunk).events;
  const byReason = Map.groupBy(events, ({ reason }) => reason);
  return [...byReason].map(([reason, group]) => {
    const lines = group.map(({ index, ...said }) => {
      return JSON.stringify({ ...said, origin: originOf(chunk.header, index), record: recordOf(decoded[index]) });
    });
    return {
      id: quarantineJobId(chunkJob, `${reason}-${fingerprintOf(group)}`),
      events: group.length,
      payload: Buffer.from(lines.join("\n")),
      data: { ...quarantineJob(chunkJob, chunk, { reason, group }), ...(reread && { ofReread: reread }) },
    };
  });
};

/** The record as JSON; undefined where there is none, or none that JSON.stringify could take. */
const recordOf = (event: Outcome<DecodedEvent> | undefined): JsonValue | undefined => {
  if (event?.kind !== "ok") return undefined;
  const record = Object.fromEntries(Object.entries(event.value.record).map(([field, value]) => [field, value ?? null]));
  return isNestedDeeperThan(maxNesting, record) ? undefined : toJsonValue(record);
};

const quarantineJob = (
  from: JobId,
  { header }: Chunk,
  { reason, group }: { reason: QuarantineReason; group: readonly QuarantinedEvent[] },
): QuarantineJob => {
  const first = group[0];
  return {
    v: 1,
    connector: header.connector,
    reason,
    detail: first?.message ?? "",
    events: group.length,
    origin: originOf(header, first?.index ?? 0),
    ...(first?.eventType !== undefined && { eventType: first.eventType }),
    ...(first?.eventId !== undefined && { eventId: first.eventId }),
    landedAtMs: header.landedAtMs,
    from,
  };
};
