import { isUtf8 } from "node:buffer";
import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import { returnedJobId } from "@currents-relay/shared/core/ids.ts";
import type { ArchivedBatch } from "./archive-format.ts";
import type { DeskEntry, RestoredInPart } from "./desk-entry.ts";

const separator = ",\n";

/** A dead letter as it goes into an archive. */
export const archivedDeadLetter = (
  { id, data }: Extract<DeskEntry, { queue: "deadletter" }>,
  payload: Buffer,
): ArchivedBatch => ({
  id,
  calls: payload.toString("utf8"),
  count: data.calls,
  connector: data.connector,
  heldSinceMs: data.heldAtMs,
  landedAtMs: data.landedAtMs,
  origin: data.origin,
});

/** The first line of an archived entry of quarantine: what its job said. The payload follows. */
interface QuarantinedLine {
  quarantined: { data: RestoredInPart; encoding: "lines" | "base64" };
}

/** Half of what an archive's reader takes (archive-folder.ts). */
const maxLineBytes = 500_000;

/** An entry of quarantine as it goes into an archive; what is no text, or has a long line, goes as base64. */
export const archivedQuarantine = (
  { id, data, sinceMs }: Extract<DeskEntry, { queue: "quarantine" }>,
  payload: Buffer,
): ArchivedBatch => {
  const { encoding, lines: content } = encoded(payload);
  const head: QuarantinedLine = { quarantined: { data, encoding } };
  const lines = [JSON.stringify(head), ...content];
  const { connector, landedAtMs, origin } = data;
  return {
    id,
    connector,
    landedAtMs,
    heldSinceMs: sinceMs,
    origin: { uri: origin.uri, blockOffset: origin.blockOffset },
    count: lines.length,
    calls: lines.join(separator),
  };
};

const encoded = (payload: Buffer): { encoding: "lines" | "base64"; lines: string[] } => {
  if (payload.length === 0) return { encoding: "lines", lines: [] };
  const isText = isUtf8(payload) && !payload.includes(0);
  const texts = isText ? payload.toString("utf8").split("\n").map(withoutComma) : [];
  if (texts.length > 0 && texts.every((text) => text !== "" && Buffer.byteLength(text) <= maxLineBytes))
    return { encoding: "lines", lines: texts };
  const pieces = payload.toString("base64").match(new RegExp(`.{1,${maxLineBytes}}`, "g")) ?? [];
  return { encoding: "base64", lines: pieces.map((piece) => JSON.stringify(piece)) };
};

/** A whole batch that was set aside has commas between its calls already. */
const withoutComma = (text: string): string => (text.endsWith(",") ? text.slice(0, -1) : text);

/** What an archived batch is, if it came out of quarantine. */
export const quarantinedIn = ({ id, calls }: ArchivedBatch): { data: RestoredInPart; payload: Buffer } | undefined => {
  if (!id.startsWith("q-")) return undefined;
  const [first = "", ...lines] = calls.split(separator);
  const { data, encoding } = (JSON.parse(first) as QuarantinedLine).quarantined; // written above
  const base64 = () => lines.map((line) => JSON.parse(line) as string).join(""); // written above
  return { data, payload: encoding === "lines" ? Buffer.from(lines.join("\n")) : Buffer.from(base64(), "base64") };
};

/** Back to quarantine, as it was. */
export const quarantineParcel = (
  { id }: ArchivedBatch,
  { data, payload }: { data: RestoredInPart; payload: Buffer },
): Parcel<RestoredInPart> => {
  // What a replay has sent of it before was numbered under the old id.
  const { batches: _batches, ...job } = data;
  const claimed = { ...job, claimedAs: data.claimedAs ?? id };
  return { id: returnedJobId(id), data: claimed, payload, events: data.events };
};

/** Back to the dead letters, with a new window: its old one is over. */
export const deadLetterParcel = (
  { id, calls, count, connector, landedAtMs, origin }: ArchivedBatch,
  nowMs: number,
): Parcel<DeadLetterJob> => {
  const payload = Buffer.from(calls);
  const job = { v: 1 as const, connector, calls: count, bytes: payload.length, landedAtMs, origin };
  return { id: returnedJobId(id), events: count, payload, data: { ...job, heldAtMs: nowMs, heldFor: "operator" } };
};
