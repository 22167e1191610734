import type { BigIntStats } from "node:fs";
import type { NearStat } from "./near-stat.ts";

/** What was seen of one folder when it was listed. */
interface Seen {
  modifiedNs: bigint;
  /** How many names it has, whatever they are. */
  names: number;
  /** Since when it has had this time, and when the names were read (the caller's clock, ms). */
  sinceMs: number;
  listedMs: number;
  isNear: boolean;
}

/** A folder as it was listed. */
export interface ListedFolder {
  path: string;
  /** From before its names were read. */
  found: BigIntStats;
  names: number;
  isNear: boolean;
}

/** One listing of a folder and all below it, as it goes on. */
export interface ListingTimes {
  /** What the last whole listing saw of a folder. */
  before: (path: string) => Pick<ListedFolder, "names" | "isNear"> | undefined;
  saw: (folder: ListedFolder) => Promise<void>;
  /** All of it was listed. */
  end: () => void;
}

/** A file system may round its times, to 2 s at the worst: one that is younger says nothing of what came after it. */
const settledMs = 3_000;
/** Times that are no whole milliseconds are those of a kernel's clock, of which a tick takes 16 ms at the most. */
const settledFineMs = 100;

/** Whether the names were read so long after the time was seen that no more can have come under it. */
const isSettled = ({ modifiedNs, sinceMs, listedMs }: Seen): boolean =>
  listedMs - sinceMs > (modifiedNs % 1_000_000n === 0n ? settledMs : settledFineMs);

/**
 * What the modification times of folders say: a name that comes, goes or is replaced changes its folder's. Asking them
 * costs one `stat` for each folder, where a listing reads all names and asks for each file. Some file systems made of
 * buckets keep no such times; that is found out by the listings, and then they are not relied on.
 */
export const folderTimes = (stat: NearStat["stat"], now = () => performance.now()) => {
  let known = new Map<string, Seen>();
  let areTelling = true;
  return {
    begin: (): ListingTimes => {
      const next = new Map<string, Seen>();
      const listedMs = now();
      return {
        before: (path) => known.get(path),
        saw: async ({ path, found: { mtimeNs: modifiedNs }, names, isNear }) => {
          const before = known.get(path);
          const isSame = before?.modifiedNs === modifiedNs;
          next.set(path, { modifiedNs, names, isNear, listedMs, sinceMs: isSame ? before.sinceMs : now() });
          if (!isSame || before.names === names || !isSettled(before)) return;
          // Unless the name came after the time was asked for, and the folder tells of it now.
          if ((await stat(path, isNear))?.mtimeNs === modifiedNs) areTelling = false;
        },
        end: () => {
          known = next;
        },
      };
    },

    /** Whether no name has changed since the last whole listing, as far as the times say so. */
    areUnchanged: async (signal: AbortSignal): Promise<boolean> => {
      if (!areTelling || known.size === 0) return false;
      for (const [path, seen] of known) {
        signal.throwIfAborted();
        if (!isSettled(seen)) return false;
        if ((await stat(path, seen.isNear))?.mtimeNs !== seen.modifiedNs) return false;
      }
      return true;
    },
  };
};
