import { link, mkdir, rename, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { FileSet } from "./event-files.ts";

/**
 * Puts a set of files before a connector, all at once: links in a hidden folder, then one rename. Answers with when
 * that was (UNIX ms). `name` is what they are found under, and makes them other files than before.
 */
export const landAll = async (set: FileSet, source: string, name: string): Promise<number> => {
  const hidden = join(source, `.${name}`);
  await mkdir(hidden, { recursive: true });
  for (const path of set.paths) await link(join(set.folder, path), join(hidden, basename(path)));
  const atMs = Date.now();
  await rename(hidden, join(source, name));
  return atMs;
};

/** Puts one file before a connector, as if it had just been written. Answers with when that was (UNIX ms). */
export const landOne = async (from: string, to: string): Promise<number> => {
  const hidden = join(dirname(to), `.${basename(to)}`);
  await mkdir(dirname(to), { recursive: true });
  await link(from, hidden);
  const atMs = Date.now();
  await utimes(hidden, atMs / 1_000, atMs / 1_000);
  await rename(hidden, to);
  return atMs;
};
