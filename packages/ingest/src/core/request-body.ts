import { createHash } from "node:crypto";
import type { ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";
import { exactJsonOf, hasLongIntegers, parseExactly } from "@currents-relay/shared/core/exact-json.ts";
import { chunkLimits } from "./limits.ts";
import type { ChunkPart, ChunkSource } from "./chunk.ts";

/** The events of one request. */
export interface RequestEvents {
  /** One JSON text an event, in order. */
  lines: string[];
  /** The same for the same events, whatever white space was between them. */
  digest: string;
  /** Of the body, unpacked. */
  bytes: number;
}

/** What one request of Braze's Custom HTTP connector brought. */
export type RequestBody =
  | ({ kind: "events" } & RequestEvents)
  /** Braze's test of the connection. */
  | { kind: "empty" }
  /** It can be kept in parts: Braze divides what is too large. */
  | { kind: "divide"; why: string }
  /** Nothing of it can be kept; a sentence that quotes nothing of it. */
  | { kind: "unreadable"; why: string };

/**
 * Reads `{"events": [...]}`. Events are not looked into: what is no event is for transform to set aside, one by one.
 * Source: Braze's Custom HTTP connector, read 2026-11-23.
 */
export const readRequestBody = (body: Buffer): RequestBody => {
  if (body.every((byte) => byte <= 0x20)) return { kind: "empty" };
  const text = body.toString("utf8").replace(/^\ufeff/, "");
  const read = parsedBody(text);
  if (!read) return { kind: "unreadable", why: "the body is not JSON" };
  const { value, isExact } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("events" in value))
    return { kind: "unreadable", why: 'the body is not an object with "events"' };
  const { events } = value;
  if (!Array.isArray(events)) return { kind: "unreadable", why: '"events" is not an array' };
  if (events.length === 0) return { kind: "empty" };
  // Alone, it is set aside by transform whatever its numbers are.
  if (!isExact && events.length > 1)
    return { kind: "divide", why: "an event is nested too deep to be read beside others" };
  const jsonOf = hasLongIntegers(text) ? exactJsonOf : JSON.stringify; // the former takes longer
  const lines = events.map((event) => lineOf(event, jsonOf));
  return { kind: "events", lines, digest: digestOf(lines), bytes: body.length };
};

/** `isExact`: long integers are as they were. What reads them gives up at some 2,500 levels. Undefined: it is no JSON. */
const parsedBody = (text: string): { value: unknown; isExact: boolean } | undefined => {
  try {
    return { value: parseExactly(text), isExact: true };
  } catch (error) {
    if (!(error instanceof RangeError)) return undefined; // the parser's own words quote the body
  }
  try {
    return { value: JSON.parse(text), isExact: false };
  } catch {
    return undefined;
  }
};

const digestOf = (texts: readonly string[]): string => {
  const digest = createHash("sha256");
  for (const text of texts) digest.update(text).update("\n");
  return digest.digest("hex").slice(0, 32);
};

/** Of several requests, in order; one that is there twice (sent again before it was answered) is taken once. */
export const together = (requests: readonly RequestEvents[]): Pick<RequestEvents, "lines" | "digest"> => {
  const different = [...new Map(requests.map((request) => [request.digest, request])).values()];
  const [first] = different;
  if (first && different.length === 1) return first;
  return {
    lines: different.flatMap(({ lines }) => lines),
    digest: digestOf(different.map(({ digest }) => digest)),
  };
};

/** JSON.stringify gives up at some 5,000 levels, wherever it is called; transform sets aside what has more than 100. */
const keptLevels = 1_000;

const lineOf = (event: unknown, jsonOf: (value: unknown) => string): string => {
  try {
    return jsonOf(event);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return jsonOf(cutBelow(event, keptLevels));
  }
};

/** The same without what is nested deeper. */
const cutBelow = (value: unknown, levels: number): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((member: unknown) => cutBelow(member, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cutBelow(member, levels - 1)]));
};

/** How the events of a request wait in the spool, and what reads them again. */
export const linesPayload = (lines: readonly string[]): Buffer => Buffer.from(lines.join("\n"));
export const linesOf = (payload: Buffer): string[] =>
  payload.length === 0 ? [] : payload.toString("utf8").split("\n");

/**
 * Cuts the events of a request into chunks of at most 1,500 events and about 1 MiB, in order. A pure function of the
 * events, so a request that is cut twice gives the same chunks.
 */
export const cutLines = (lines: readonly string[], { connector, source, landedAtMs }: ChunkSource): ChunkPart[] => {
  const parts: ChunkPart[] = [];
  for (let first = 0; first < lines.length;) {
    let [next, bytes] = [first, 0];
    while (next < lines.length && next - first < chunkLimits.closeAtRecords && bytes < chunkLimits.closeAtBytes) {
      bytes += Buffer.byteLength(lines[next] ?? "") + 1;
      next += 1;
    }
    const records = next - first;
    const header: ChunkHeader = {
      v: 1,
      connector,
      source,
      landedAtMs,
      records,
      spans: [{ blockOffset: 0, firstRecord: first, records }],
      content: { encoding: "json" },
    };
    const index = parts.length;
    const resumeAt = { blockOffset: 0, recordIndex: next, chunkIndex: index + 1 };
    parts.push({ kind: "chunk", index, chunk: { header, body: linesPayload(lines.slice(first, next)) }, resumeAt });
    first = next;
  }
  return parts;
};
