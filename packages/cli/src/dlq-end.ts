import { archiveAt } from "@currents-relay/deliver/adapters/archive-place.ts";
import { archivePorts } from "@currents-relay/deliver/adapters/desk-archive.ts";
import { archiveEntries } from "@currents-relay/deliver/archive-entries.ts";
import { type DeskEntry, isOnItsWay } from "@currents-relay/deliver/core/desk-entry.ts";
import { operatorTally } from "@currents-relay/deliver/core/desk-tally.ts";
import type { Desk } from "@currents-relay/deliver/desk.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { DlqOptions } from "./dlq-options.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { addEntry, deskOf, eachSelected, type Sum, sumText } from "./dlq-select.ts";
import { confirm } from "./confirm.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { print, printError } from "./output.ts";

/** Entries in one file of the archive: with dead letters at most 16 MB in memory. */
const entriesInFile = 32;

export const archive = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  const desk = deskFor(room, options);
  const { redis, workspace, settings } = room;
  const place = options.toFolder === undefined ? settings.expiry.archive : { folder: options.toFolder };
  if (place === undefined)
    throw new CommandError(exitCodes.usage, "--to-folder DIR is missing, and expiry.archive names no place");
  const write = archiveEntries(archivePorts(redis, workspace, { desk, archive: archiveAt(place, workspace) }));
  const files = new Set<string>();
  const end = async (entries: readonly DeskEntry[]): Promise<ReadonlySet<JobId>> => {
    const ended = new Set<JobId>();
    for (let from = 0; from < entries.length; from += entriesInFile) {
      const written = await write(entries.slice(from, from + entriesInFile));
      if (written) files.add(written.uri);
      for (const id of written?.ended ?? []) ended.add(id);
    }
    return ended;
  };
  const sums = await endSelected(desk, options, end);
  return report(room, options, { ...sums, did: "archived", files: [...files] });
};

export const drop = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  const desk = deskFor(room, options);
  const found = { entries: 0, events: 0 };
  const before = notAfterNow(options);
  await eachSelected(desk, before, async (entries) => {
    for (const entry of entries) addEntry(found, entry);
    return new Set();
  });
  if (!options.isDryRun && found.entries > 0 && !options.isYes && !(await isConfirmed(desk, found))) {
    printError("Nothing was dropped.");
    return exitCodes.failed;
  }
  const end = async (entries: readonly DeskEntry[]): Promise<ReadonlySet<JobId>> => {
    const ended = new Set<JobId>();
    for (const entry of entries)
      if (!isOnItsWay(entry) && (await desk.end(entry, operatorTally(entry, "dropped:by-operator"))))
        ended.add(entry.id);
    return ended;
  };
  return report(room, options, { ...(await endSelected(desk, before, end)), did: "dropped" });
};

/** One queue at a time: these commands take away what nobody can get back from here. */
const deskFor = (room: DlqRoom, { id, queue, action }: DlqOptions): Desk => {
  if (id !== undefined) return deskOf(room, id);
  if (queue === undefined)
    throw new CommandError(
      exitCodes.usage,
      `name the queue to ${action} from: --queue deadletter or --queue quarantine`,
    );
  return room.desk(queue);
};

/** What comes while the command runs was not asked about. */
const notAfterNow = (options: DlqOptions): DlqOptions => {
  const toMs = Math.min(options.filter.toMs ?? Number.POSITIVE_INFINITY, Date.now());
  return { ...options, filter: { ...options.filter, toMs } };
};

const isConfirmed = ({ queue }: Desk, found: Sum): Promise<boolean> =>
  confirm(`Drop ${sumText(found, queue)}?`, "what is dropped is gone for good; say --yes where nobody can be asked");

interface Ended {
  ended: Sum;
  /** In a worker's hands, changed meanwhile, or on their way by a replay that was interrupted. */
  left: Sum;
}

const endSelected = async (
  desk: Desk,
  options: DlqOptions,
  end: (entries: readonly DeskEntry[]) => Promise<ReadonlySet<JobId>>,
): Promise<Ended> => {
  const sums: Ended = { ended: { entries: 0, events: 0 }, left: { entries: 0, events: 0 } };
  await eachSelected(desk, notAfterNow(options), async (entries) => {
    const ended = options.isDryRun ? new Set(entries.map(({ id }) => id)) : await end(entries);
    for (const entry of entries) addEntry(ended.has(entry.id) ? sums.ended : sums.left, entry);
    return options.isDryRun ? new Set() : ended;
  });
  return sums;
};

const report = (
  { workspace }: DlqRoom,
  { isDryRun, isJson }: DlqOptions,
  { ended, left, did, files }: Ended & { did: string; files?: readonly string[] },
): number => {
  if (isJson) print(JSON.stringify({ workspace, isDryRun, [did]: ended, left, ...(files && { files }) }));
  else {
    print(`${sumText(ended)}: ${isDryRun ? "would be " : ""}${did}`);
    if (left.entries > 0)
      print(
        `${sumText(left)}: left, because a worker has them, they changed meanwhile, or a replay is not finished; try again`,
      );
    for (const file of files ?? []) print(file);
  }
  return left.entries > 0 ? exitCodes.notYet : exitCodes.ok;
};
