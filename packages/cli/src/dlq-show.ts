import type { DeskEntry } from "@currents-relay/deliver/core/desk-entry.ts";
import { contentOf, type QuarantineLine } from "@currents-relay/deliver/core/quarantine-content.ts";
import type { Desk } from "@currents-relay/deliver/desk.ts";
import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import { DamagedPayload } from "@currents-relay/shared/core/damaged-payload.ts";
import { holdReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { facts } from "./dlq-list.ts";
import { maskPersonal } from "./dlq-mask.ts";
import type { DlqOptions } from "./dlq-options.ts";
import { linesOfChunk, meaningOf } from "./dlq-remap.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { deskOf, entryOf } from "./dlq-select.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { print, table } from "./output.ts";

const shownEvents = 5;

export const show = async (room: DlqRoom, { id, limit, isJson, isRaw }: DlqOptions): Promise<number> => {
  if (id === undefined)
    throw new CommandError(exitCodes.usage, "name the ID of an entry; relay dlq list --each shows them");
  const desk = deskOf(room, id);
  const entry = await entryOf(desk, id);
  const { lines, damage } = await contentFor(desk, entry);
  const shown = lines
    .slice(0, Number.isFinite(limit) ? limit : shownEvents)
    // Plain JSON values with known names.
    .map((line) => (isRaw ? line : maskPersonal(line as JsonValue)));
  if (isJson) print(JSON.stringify({ ...facts(entry), ...detailOf(entry), ...damage, content: shown }));
  else print(forPeople(entry, { shown, of: lines.length, ...damage }));
  return exitCodes.ok;
};

const contentFor = async (desk: Desk, entry: DeskEntry) => {
  try {
    return { lines: linesOf(entry, (await desk.payload(entry.id)) ?? Buffer.alloc(0)) };
  } catch (error) {
    if (!(error instanceof DamagedPayload)) throw error;
    return { lines: [], damage: { damage: error.message } };
  }
};

/** The events of the entry; those of a dead letter are calls. */
const linesOf = (entry: DeskEntry, payload: Buffer): (QuarantineLine | JsonValue)[] => {
  const content = contentOf(payload);
  if (entry.queue === "quarantine")
    return content.kind === "lines" ? content.lines : linesOfChunk(content.bytes, entry.data);
  return content.kind === "lines" ? content.lines.map(({ call = null }) => call) : [];
};

const detailOf = (entry: DeskEntry) => {
  if (entry.queue === "deadletter") return { meaning: holdReasons[entry.reason] };
  const { detail, from, eventId, isLeaving } = entry.data;
  return { meaning: meaningOf(entry.reason), detail, from, eventId, ...(isLeaving && { isLeaving }) };
};

interface Shown {
  shown: readonly unknown[];
  of: number;
  damage?: string;
}

const forPeople = (entry: DeskEntry, { shown, of, damage }: Shown): string => {
  const { origin, ...told } = { ...facts(entry), ...detailOf(entry) };
  const rows = Object.entries({ ...told, origin: origin.uri, "byte in it": origin.blockOffset }).flatMap(
    ([name, value]) => (value === undefined ? [] : [[name, String(value)]]),
  );
  if (damage !== undefined) return `${table(rows)}\n\nNothing of it can be shown: ${damage}.`;
  const head = shown.length < of ? `The first ${shown.length} of ${of} events:` : `${of} events:`;
  return [table(rows), "", head, ...shown.map((line) => JSON.stringify(line))].join("\n");
};
