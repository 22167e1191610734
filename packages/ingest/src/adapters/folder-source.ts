import type { BigIntStats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { isIgnoredKey } from "../core/object-key.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import type { Source, SourceObject } from "../ports.ts";

const pieceBytes = 1024 * 1024;

/** A folder and all below it, in the order of the names; links are followed, hidden and half-written files are not seen. */
export const folderSource = (folder: string): Source => ({
  list: async function* (signal) {
    yield* listFolder({ root: folder, folder, ancestors: [] }, signal);
  },

  read: async function* (object, fromByte, signal) {
    const file = await open(join(folder, object.key)).catch((cause: unknown) => {
      throw isMissing(cause) ? new ObjectChanged(`${object.uri} is gone`, { cause }) : cause;
    });
    try {
      if (versionOf(await file.stat({ bigint: true })) !== object.version)
        throw new ObjectChanged(`${object.uri} was replaced or is still being written`);
      for (let at = fromByte; ;) {
        signal.throwIfAborted();
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },
});

interface Place {
  root: string;
  folder: string;
  /** The folders above, by device and inode: a link back to one of them would be walked for ever. */
  ancestors: readonly string[];
}

async function* listFolder({ root, folder, ancestors }: Place, signal: AbortSignal): AsyncGenerator<SourceObject> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    // A sub-folder may go while we look; the root is what the operator named.
    if (folder !== root && isMissing(cause)) return [];
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the folder ${folder} cannot be listed: ${said}`, { cause });
  });
  for (const name of entries.toSorted((a, b) => (a < b ? -1 : 1))) {
    signal.throwIfAborted();
    const path = join(folder, name);
    const key = relative(root, path);
    if (isIgnoredKey(key)) continue;
    const found = await stat(path, { bigint: true }).catch(() => undefined); // gone, or a link to nowhere
    if (found?.isFile()) yield objectOf(key, path, found);
    const self = `${found?.dev}:${found?.ino}`;
    if (found?.isDirectory() && !ancestors.includes(self))
      yield* listFolder({ root, folder: path, ancestors: [...ancestors, self] }, signal);
  }
}

const objectOf = (key: string, path: string, found: BigIntStats): SourceObject => ({
  key,
  uri: pathToFileURL(path).href,
  version: versionOf(found),
  bytes: Number(found.size),
  landedAtMs: Number(found.mtimeMs),
});

const versionOf = ({ size, mtimeNs }: { size: bigint; mtimeNs: bigint }): string => `${size}-${mtimeNs}`;

const isMissing = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "ENOENT";
