import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY. */
const isTaken = (error: unknown): boolean => error instanceof Error && "errcode" in error && error.errcode === 5;

/**
 * Takes a folder for this process; undefined where somebody has it. It is free again when `release` is called, or the
 * process ends: the lock is the kernel's, on the file `lock` (which SQLite locks on every system alike, and which stays
 * empty). So a killed process leaves none behind, and no pid has to be judged, which may be another's by then, or one
 * of another container.
 */
export const takeFolder = (folder: string): { release: () => void } | undefined => {
  const file = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    file.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE"); // no second file beside it
  } catch (error) {
    file.close();
    if (isTaken(error)) return undefined;
    throw error;
  }
  return {
    release: () => {
      if (file.isOpen) file.close();
    },
  };
};
