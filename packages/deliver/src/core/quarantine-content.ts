import { batchLimits, type JsonValue } from "@currents-relay/shared/contracts/call.ts";
import type { EventOrigin } from "@currents-relay/shared/contracts/event.ts";
import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import { readOwn } from "@currents-relay/shared/core/damaged-payload.ts";
import { type JobId, restoredJobId } from "@currents-relay/shared/core/ids.ts";
import type { RestoredInPart } from "./desk-entry.ts";

/** One event of an entry, as a line of JSON in its payload. */
export interface QuarantineLine {
  reason?: string;
  message?: string;
  eventType?: string;
  eventId?: string;
  origin?: EventOrigin;
  /** The event as it was read, if it could be. */
  record?: JsonValue;
  /** The call that was made of it: it leaves as this, whatever the mapping says later. */
  call?: JsonValue;
  /** In which batch of the entry the call leaves, once that is decided. */
  batch?: number;
  /** It leaves without being sent: its id was taken by another event. */
  isDuplicate?: true;
}

/** What an entry holds. A whole chunk stands there as transform got it, until somebody replays it. */
export type QuarantineContent = { kind: "lines"; lines: QuarantineLine[] } | { kind: "chunk"; bytes: Buffer };

/** The first four bytes of a chunk are a length below 16 MB (contracts/chunk.ts); text has no zero byte. */
const isChunk = (payload: Buffer): boolean => payload.length > 4 && payload[3] === 0;

/** Reads a payload: lines, a chunk, or the calls of a whole batch. Throws DamagedPayload where it is none of them. */
export const contentOf = (payload: Buffer): QuarantineContent => {
  if (payload.length === 0) return { kind: "lines", lines: [] };
  if (isChunk(payload)) return { kind: "chunk", bytes: payload };
  const texts = payload.toString("utf8").split("\n");
  const lines = () => texts.map((text) => lineOf(text.endsWith(",") ? text.slice(0, -1) : text));
  return { kind: "lines", lines: readOwn(lines) };
};

const lineOf = (text: string): QuarantineLine => {
  // Our own JSON: a line of transform's or deliver's, or a TrackCall.
  const value = JSON.parse(text) as QuarantineLine & { type?: string; messageId?: string };
  if (value.type !== "track") return value;
  return { ...(value.messageId !== undefined && { eventId: value.messageId }), call: value as JsonValue };
};

export const payloadOf = (lines: readonly QuarantineLine[]): Buffer =>
  Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));

/** In an entry that is leaving: whether this line is. */
const isLeaving = ({ batch, isDuplicate }: QuarantineLine): boolean => batch !== undefined || isDuplicate === true;

interface Entry {
  id: JobId;
  data: RestoredInPart;
  lines: readonly QuarantineLine[];
}

/** An entry's new content, and what its job says then. */
export interface Replacement {
  data: RestoredInPart;
  lines: QuarantineLine[];
}

/** The calls that leave, as batches. The same entry always gives the same batches under the same ids. */
export const leavingParcels = ({ id, data, lines }: Entry): Parcel<DeliverJob>[] => {
  const byBatch = Map.groupBy(
    lines.filter(({ batch }) => batch !== undefined),
    ({ batch }) => batch ?? 0,
  );
  return [...byBatch].map(([batch, calls]) => {
    const payload = Buffer.from(calls.map(({ call }) => JSON.stringify(call)).join(",\n"));
    const { connector, landedAtMs, origin } = data;
    const { uri, blockOffset } = calls[0]?.origin ?? origin;
    const job = { v: 1 as const, connector, calls: calls.length, bytes: payload.length, landedAtMs };
    return {
      id: restoredJobId(id, batch),
      events: calls.length,
      payload,
      data: { ...job, origin: { uri, blockOffset } },
    };
  });
};

/** What is left of the entry when those that leave have left. */
export const whatStays = ({ data, lines }: Entry): Replacement => {
  const staying = lines.filter((line) => !isLeaving(line));
  const gone = lines.flatMap(({ batch }) => (batch === undefined ? [] : [batch + 1]));
  const { isLeaving: _isLeaving, ...job } = data;
  const batches = Math.max(data.batches ?? 0, ...gone);
  return { lines: staying, data: { ...job, events: staying.length, batches } };
};

/** What becomes of one line now. */
export type Remapped =
  | { kind: "ready" } // it has its call already, and its id is its own
  | { kind: "call"; call: JsonValue; eventId: string } // the mapping made this of it
  | { kind: "duplicate" } // of another line of the entry
  | { kind: "stays"; reason: string; message: string };

/**
 * The entry with its lines decided: from now on they leave as they are, whoever goes on. A line that stays but has the
 * id of one that leaves is its duplicate, once and for all.
 */
export const decided = ({ data, lines }: Entry, remapped: readonly Remapped[]): Replacement => {
  let [batch, calls, bytes] = [data.batches ?? 0, 0, 0];
  const leaving = new Set(remapped.flatMap((now) => (now.kind === "call" ? [now.eventId] : [])));
  const next = lines.map((line, index): QuarantineLine => {
    const now = remapped[index];
    if (now === undefined || (now.kind === "stays" && !leaving.has(line.eventId ?? ""))) return line;
    if (now.kind === "stays" || now.kind === "duplicate") return { ...line, isDuplicate: true };
    const call = now.kind === "ready" ? line.call : now.call;
    const size = Buffer.byteLength(JSON.stringify(call));
    if (calls === batchLimits.maxCalls || (calls > 0 && bytes + 2 + size > batchLimits.maxBytes))
      [batch, calls, bytes] = [batch + 1, 0, 0];
    [calls, bytes] = [calls + 1, bytes + 2 + size];
    const { record: _record, ...rest } = line;
    return { ...rest, ...(now.kind === "call" && { eventId: now.eventId, call: now.call }), batch };
  });
  return { lines: next, data: { ...data, events: next.length, isLeaving: true } };
};
