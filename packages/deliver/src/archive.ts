import type { ArchivedBatch } from "./core/archive-format.ts";

export interface ArchiveFile {
  uri: string;
  bytes: number;
}

/** Where the batches of one workspace go that were held for too long, until somebody sends them again. */
export interface Archive {
  /**
   * Resolves when the batches (at least one) are there for good, all of them or none. The same batches always go to
   * the same place, so it may be repeated at any time, also by several pods at once.
   */
  write: (batches: readonly ArchivedBatch[]) => Promise<{ uri: string }>;
  /** What was written, by the time since when its first batch was held; whole files only. */
  list: () => Promise<ArchiveFile[]>;
  /**
   * The batches as they were written, in order, one in memory at a time. Looks through the whole file first: of a
   * damaged one, or another workspace's, nothing is given, but `ArchiveCorrupt` thrown.
   */
  read: (uri: string) => AsyncIterable<ArchivedBatch>;
}
