import { type BigIntStats, type Dirent, readdirSync, statSync } from "node:fs";
import { readdir, stat, statfs } from "node:fs/promises";
import { setImmediate as letOthers } from "node:timers/promises";

/**
 * File systems on a disk or in the memory of this machine, by their type in statfs(2): a path in them is asked for right
 * away, which takes 3 us, where a turn of the thread pool takes 40 to 60. All others might keep the process waiting.
 */
const nearTypes: ReadonlySet<bigint> = new Set([
  0xef53n, // ext2, ext3, ext4
  0x58465342n, // xfs
  0x9123683en, // btrfs
  0xf2f52010n, // f2fs
  0x2fc12fc1n, // zfs
  0x01021994n, // tmpfs
  0x794c7630n, // overlayfs
]);
/** So long is asked without a break: a disk may have to look for what it was not asked for lately. */
const longestSliceMs = 5;

export interface NearStat {
  /** Whether the folder at `path`, which lies on this device, may be asked about without the thread pool. */
  isNear: (device: bigint, path: string) => Promise<boolean>;
  /**
   * What a path leads to; undefined when it is gone or leads nowhere; rejects when it cannot be looked at. `isNear`: it lies
   * in a near folder and leads nowhere else, as a link or the place of a mount may.
   */
  stat: (path: string, isNear: boolean) => Promise<BigIntStats | undefined>;
  /** What is in a folder; rejects when it cannot be read. `isSmall`: it is near, and had few names not long ago. */
  names: (folder: string, isSmall: boolean) => Promise<Dirent[]>;
}

export const nearStat = (): NearStat => {
  const nearDevices = new Map<bigint, boolean>();
  let sliceEndsMs = -Infinity;
  let lastMs = -Infinity;
  /** Whoever asked for nothing as long as a slice takes has let others have their turn. */
  const takeTurn = async (): Promise<void> => {
    const nowMs = performance.now();
    if (nowMs <= sliceEndsMs) return;
    if (nowMs - lastMs < longestSliceMs) await letOthers();
    sliceEndsMs = performance.now() + longestSliceMs;
  };
  return {
    isNear: async (device, path) => {
      const known = nearDevices.get(device);
      if (known !== undefined) return known;
      const found = await statfs(path, { bigint: true }).catch(() => undefined);
      const isNear = found !== undefined && nearTypes.has(found.type);
      nearDevices.set(device, isNear);
      return isNear;
    },
    stat: async (path, isNear) => {
      if (!isNear) return stat(path, { bigint: true }).catch(unlessNowhere);
      await takeTurn();
      try {
        return statSync(path, { bigint: true, throwIfNoEntry: false });
      } catch (error) {
        return unlessNowhere(error);
      } finally {
        lastMs = performance.now();
      }
    },
    names: async (folder, isSmall) => {
      if (!isSmall) return readdir(folder, { withFileTypes: true });
      await takeTurn();
      try {
        return readdirSync(folder, { withFileTypes: true });
      } finally {
        lastMs = performance.now();
      }
    },
  };
};

const nowhere: readonly unknown[] = ["ENOENT", "ENOTDIR", "ELOOP"];

const unlessNowhere = (error: unknown): undefined => {
  if (!(error instanceof Error && "code" in error && nowhere.includes(error.code))) throw error;
};
