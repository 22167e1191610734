import type { DeskEntry, DeskQueue } from "@currents-relay/deliver/core/desk-entry.ts";
import type { Desk } from "@currents-relay/deliver/desk.ts";
import { parseCurrentsKey } from "@currents-relay/ingest/core/object-key.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { DlqOptions, EntryFilter } from "./dlq-options.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { counted, formatCount } from "./output.ts";

/** The type of an entry's events: as it says itself, else as Braze wrote it into the path of their file. */
export const eventTypeOf = (entry: DeskEntry): string | undefined =>
  (entry.queue === "quarantine" ? entry.data.eventType : undefined) ??
  parseCurrentsKey(entry.data.origin.uri)?.eventType;

export const isSelected = ({ connector, reason, eventType, fromMs, toMs }: EntryFilter, entry: DeskEntry): boolean =>
  (connector === undefined || entry.connector === connector) &&
  (reason === undefined || entry.reason === reason) &&
  (eventType === undefined || eventTypeOf(entry) === eventType) &&
  (fromMs === undefined || entry.sinceMs >= fromMs) &&
  (toMs === undefined || entry.sinceMs <= toMs);

/** The desk where an entry of this id would lie. Throws where it lies on none. */
export const deskOf = (room: DlqRoom, id: string): Desk => {
  if (id.startsWith("q-")) return room.desk("quarantine");
  if (id.startsWith("d-")) return room.desk("deadletter");
  throw new CommandError(exitCodes.usage, `"${id}" is no id of an entry; relay dlq list --each shows them`);
};

/** The entry of this id. Throws where there is none. */
export const entryOf = async (desk: Desk, id: string): Promise<DeskEntry> => {
  const entry = await desk.find(id as JobId); // an operator's word: nothing is found under another
  if (entry) return entry;
  throw new CommandError(exitCodes.failed, `There is no entry ${id}; it may have come to its end meanwhile.`);
};

type Selected = Pick<DlqOptions, "id" | "filter" | "limit">;

/** Goes through the selected entries, oldest first, some at a time; `act` answers with those that it has ended. */
export const eachSelected = async (
  desk: Desk,
  { id, filter, limit }: Selected,
  act: (entries: DeskEntry[]) => Promise<ReadonlySet<JobId>>,
): Promise<void> => {
  if (id !== undefined) {
    await act([await entryOf(desk, id)]);
    return;
  }
  let left = limit;
  await desk.walk(async (page) => {
    const entries = page.filter((entry) => isSelected(filter, entry)).slice(0, left);
    left -= entries.length;
    const ended = entries.length > 0 ? await act(entries) : new Set<JobId>();
    return { ended, isEnough: left === 0 };
  });
};

export interface Sum {
  entries: number;
  events: number;
}

/** 1 entry, 3 events; a dead letter is a batch. */
export const sumText = ({ entries, events }: Sum, queue?: DeskQueue): string => {
  const [one, many] = queue === "deadletter" ? ["batch", "batches"] : ["entry", "entries"];
  return `${formatCount(entries)} ${entries === 1 ? one : many}, ${counted(events, "event")}`;
};

export const addEntry = (sum: Sum, { events }: Pick<DeskEntry, "events">): void => {
  sum.entries += 1;
  sum.events += events;
};
