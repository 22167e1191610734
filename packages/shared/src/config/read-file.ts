import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export type FileRead = { kind: "ok"; text: string } | { kind: "unreadable"; why: string };

/** What was read, file by file: path -> {@link readDigest}. A watcher compares it with what the files say now. */
export type FilesRead = ReadonlyMap<string, string>;

const whyByCode: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "not allowed to",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
};

/** Reads a text file; never throws. */
export const readTextFile = (file: string): FileRead => {
  try {
    return { kind: "ok", text: readFileSync(file, "utf8") };
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    return { kind: "unreadable", why: whyByCode[code] ?? code };
  }
};

/** Differs when the content does, without being the content: the file may hold a secret. */
export const readDigest = (read: FileRead): string =>
  read.kind === "ok" ? createHash("sha256").update(read.text).digest("hex") : `unreadable: ${read.why}`;
