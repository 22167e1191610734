import { type DeskEntry, deskQueues } from "@currents-relay/deliver/core/desk-entry.ts";
import { exitCodes } from "./exit-codes.ts";
import type { DlqOptions } from "./dlq-options.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { addEntry, eachSelected, eventTypeOf, type Sum } from "./dlq-select.ts";
import { formatCount, print, printMuch, table } from "./output.ts";

/** Entries of one queue, reason and connector. */
interface Group extends Sum {
  queue: string;
  reason: string;
  connector: string;
  oldestMs: number;
  newestMs: number;
  /** The id of the oldest. */
  firstId: string;
}

export const list = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  if (options.isEach) return listEach(room, options);
  const groups = new Map<string, Group>();
  for (const queue of options.queue ? [options.queue] : deskQueues)
    await eachSelected(room.desk(queue), options, async (entries) => {
      for (const entry of entries) addToGroup(groups, entry);
      return new Set();
    });
  const found = [...groups.values()].toSorted((a, b) => b.events - a.events);
  if (options.isJson) print(JSON.stringify({ workspace: room.workspace, groups: found.map(forScripts) }));
  else print(found.length === 0 ? "Nothing is held or set aside." : forPeople(found));
  return exitCodes.ok;
};

const addToGroup = (groups: Map<string, Group>, entry: DeskEntry): void => {
  const { queue, reason, connector, sinceMs, id } = entry;
  const key = [queue, reason, connector].join("|");
  const first = { queue, reason, connector, entries: 0, events: 0, oldestMs: sinceMs, newestMs: sinceMs, firstId: id };
  const group = groups.get(key) ?? first;
  addEntry(group, entry);
  if (sinceMs < group.oldestMs) [group.oldestMs, group.firstId] = [sinceMs, id];
  group.newestMs = Math.max(group.newestMs, sinceMs);
  groups.set(key, group);
};

const forScripts = ({ oldestMs, newestMs, ...group }: Group) => ({
  ...group,
  oldest: timeText(oldestMs),
  newest: timeText(newestMs),
});

/** To the second, as a person would compare it. */
export const timeText = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");

const head = ["queue", "reason", "connector", "entries", "events", "oldest", "newest", "the oldest entry"];

const forPeople = (groups: readonly Group[]): string =>
  table(
    [
      head,
      ...groups.map(({ queue, reason, connector, entries, events, oldestMs, newestMs, firstId }) => [
        queue,
        reason,
        connector,
        formatCount(entries),
        formatCount(events),
        timeText(oldestMs),
        timeText(newestMs),
        firstId,
      ]),
    ],
    [3, 4],
  );

/** One line an entry, as they come: nothing is kept in memory. */
const listEach = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  for (const queue of options.queue ? [options.queue] : deskQueues)
    await eachSelected(room.desk(queue), options, async (entries) => {
      await printMuch(entries.map((entry) => (options.isJson ? JSON.stringify(facts(entry)) : line(entry))).join("\n"));
      return new Set();
    });
  return exitCodes.ok;
};

/** What is told of an entry, without any content of its events. */
export const facts = (entry: DeskEntry) => {
  const { id, queue, reason, connector, events, sinceMs, isInHand, data } = entry;
  return {
    id,
    queue,
    reason,
    connector,
    events,
    eventType: eventTypeOf(entry),
    isInHand,
    since: timeText(sinceMs),
    landed: timeText(data.landedAtMs),
    origin: data.origin,
  };
};

const line = ({ id, queue, reason, connector, events, sinceMs }: DeskEntry): string =>
  [id, queue, reason, connector, `${formatCount(events)} events`, timeText(sinceMs)].join("  ");
