import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { Archive } from "./archive.ts";
import type { ArchivedBatch } from "./core/archive-format.ts";
import { deadLetterParcel, quarantineParcel, quarantinedIn } from "./core/archived-entry.ts";
import type { RestoredInPart } from "./core/desk-entry.ts";
import { returnTally } from "./core/desk-tally.ts";

export interface BringBackPorts {
  read: Archive["read"];
  /** "ours": it may come back; "back": it did; "elsewhere": it stands in the file, but did not end by it. */
  whereabouts: (id: JobId) => Promise<"ours" | "back" | "elsewhere">;
  toDeadLetters: HandOver<DeadLetterJob>;
  toQuarantine: HandOver<RestoredInPart>;
  /** Counts it, and remembers for good that it came back; once. */
  noteReturned: (id: JobId, tally: Tally) => Promise<boolean>;
  /** UNIX ms. */
  now: () => number;
}

/** Entries and events of one file. */
export interface BroughtBack {
  back: { entries: number; events: number };
  /** Came back earlier. */
  before: { entries: number; events: number };
  /** Delivered, or still in its queue. */
  elsewhere: { entries: number; events: number };
}

/**
 * Puts what is in one file of the archive back where it came from, one batch at a time: dead letters with a new window,
 * entries of quarantine as they were. May be repeated: ids are made of the archived ones, and what came back is
 * remembered. `isDryRun`: only counts.
 */
export const bringBack =
  (ports: BringBackPorts) =>
  async (uri: string, { isDryRun = false } = {}): Promise<BroughtBack> => {
    const none = () => ({ entries: 0, events: 0 });
    const result: BroughtBack = { back: none(), before: none(), elsewhere: none() };
    for await (const batch of ports.read(uri)) {
      const where = await ports.whereabouts(batch.id);
      const sum = { ours: result.back, back: result.before, elsewhere: result.elsewhere }[where];
      sum.entries += 1;
      sum.events += quarantinedIn(batch)?.data.events ?? batch.count;
      if (where === "ours" && !isDryRun) await bringBackOne(ports, batch);
    }
    return result;
  };

const bringBackOne = async (ports: BringBackPorts, batch: ArchivedBatch): Promise<void> => {
  const quarantined = quarantinedIn(batch);
  if (quarantined) await ports.toQuarantine([quarantineParcel(batch, quarantined)]);
  else await ports.toDeadLetters([deadLetterParcel(batch, ports.now())]);
  // A kill here: the next run finds the same id in its queue, and only counts it.
  const tally = quarantined ? returnTally(quarantined.data.events, quarantined.data.reason) : returnTally(batch.count);
  await ports.noteReturned(batch.id, tally);
};
