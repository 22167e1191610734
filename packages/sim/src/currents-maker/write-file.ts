import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file in pieces, so that it appears whole: under a hidden name first, renamed when complete. Folders are
 * made. Nothing is left behind where a piece fails.
 */
export const writeWhole = async (path: string, pieces: Iterable<Buffer | string>): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const hidden = join(folder, `.${basename(path)}.part`);
  try {
    const file = await open(hidden, "w");
    try {
      for (const piece of pieces) await file.appendFile(piece);
    } finally {
      await file.close();
    }
    await rename(hidden, path);
  } catch (error) {
    await rm(hidden, { force: true });
    throw error;
  }
};
