import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { Archive } from "./archive.ts";
import type { ArchivedBatch } from "./core/archive-format.ts";
import { type DeskEntry, isOnItsWay } from "./core/desk-entry.ts";
import { operatorTally } from "./core/desk-tally.ts";
import type { Desk } from "./desk.ts";

export interface ArchivePorts {
  /** What goes into the archive for the entry; undefined when it cannot be read now. */
  content: (entry: DeskEntry) => Promise<ArchivedBatch | undefined>;
  /** Notes that these may stand in an archive file without having ended by it; {@link Desk.end} takes the note back. */
  noteArchiving: (ids: readonly JobId[]) => Promise<void>;
  write: Archive["write"];
  end: Desk["end"];
}

export interface ArchivedEntries {
  uri: string;
  ended: ReadonlySet<JobId>;
}

/**
 * Writes entries (few enough for the memory) to one file of the archive and ends them. May be repeated: what has not
 * ended is written again, and what stands in a file without having ended by it never comes back from there.
 */
export const archiveEntries =
  ({ content, noteArchiving, write, end }: ArchivePorts) =>
  async (entries: readonly DeskEntry[]): Promise<ArchivedEntries | undefined> => {
    const whole = entries.filter((entry) => !isOnItsWay(entry));
    const read = await Promise.all(whole.map(async (entry) => ({ entry, batch: await content(entry) })));
    const batches = read.flatMap(({ batch }) => batch ?? []);
    if (batches.length === 0) return undefined;
    await noteArchiving(batches.map(({ id }) => id));
    const { uri } = await write(batches);
    // A kill here: the file is there and the entries are too; they are noted, so that nothing is brought back twice.
    const ended = new Set<JobId>();
    for (const { entry, batch } of read)
      if (batch && (await end(entry, operatorTally(entry, "archived")))) ended.add(entry.id);
    return { uri, ended };
  };
