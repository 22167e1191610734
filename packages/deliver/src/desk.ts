import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { DeskEntry, DeskQueue } from "./core/desk-entry.ts";

/** What became of a page: which entries are no longer there, and whether more pages are wanted. */
export interface Visited {
  ended: ReadonlySet<JobId>;
  isEnough?: boolean;
}

/** One queue of one workspace on an operator's desk. Workers may run at the same time. */
export interface Desk {
  queue: DeskQueue;
  /**
   * Shows what waits, oldest first, a page at a time; first of all what workers have in hand. An entry that comes or
   * goes meanwhile may be shown or not; one that stays is shown, and while no worker takes any, once.
   */
  walk: (visit: (page: DeskEntry[]) => Promise<Visited>) => Promise<void>;
  find: (id: JobId) => Promise<DeskEntry | undefined>;
  /** What is in the spool for it; undefined when it is gone, or still another queue's. */
  payload: (id: JobId) => Promise<Buffer | undefined>;
  /**
   * Ends an entry and counts the tally (stage deliver), in one step; its payload goes. False, and nothing was done,
   * when a worker has it, when it is gone, or when it has changed since it was read.
   */
  end: (entry: DeskEntry, tally: Tally) => Promise<boolean>;
}
