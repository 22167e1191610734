import type { BigIntStats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { countedText } from "@currents-relay/shared/core/count-text.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { isDenied } from "../core/denied.ts";
import { isIgnoredKey } from "../core/object-key.ts";
import { ListedInPart } from "../core/listed-in-part.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source, SourceObject } from "../ports.ts";
import { folderTimes, type ListingTimes } from "./folder-times.ts";
import { type NearStat, nearStat } from "./near-stat.ts";

const pieceBytes = 1024 * 1024;
/** Where files are read to, of all folders together. */
const pagesKept = 8;
const openPages = openPagePool(pagesKept);

/** So many names are read at once where that is near: in a tenth of a millisecond. */
const fewNames = 100;
/** A folder of so many bytes has some thousand names at the most, or on zfs, which says their number, as many: some tens of ms. */
const smallFolderBytes = 32n * 1024n;

/** One for all folders: they take turns with everything else together. */
const ofThisProcess = nearStat();

/**
 * A folder and all below it, in the order of the names; links are followed, hidden and half-written files are not seen.
 * What cannot be looked at is told of at the end.
 */
export const folderSource = (folder: string, now?: () => number, near = ofThisProcess): Source => {
  // A folder that cannot be looked at has changed: the listing says how.
  const times = folderTimes((path, isNear) => near.stat(path, isNear).catch(() => undefined), now);
  return {
    list: async function* (signal) {
      const listing = times.begin();
      const missed: Missed = { times: 0 };
      const found = await statOfRoot(folder, near, listing);
      yield* listFolder({ folder, found, ancestors: [] }, { root: folder, near, listing, missed, signal });
      if (missed.times > 0) throw listedInPart(folder, missed);
      listing.end();
    },
    isUnchanged: times.areUnchanged,
    read: readFile(folder),
  };
};

const statOfRoot = async (folder: string, near: NearStat, { before }: ListingTimes): Promise<BigIntStats> => {
  const found = before(folder)?.isNear ? await near.stat(folder, true).catch(() => undefined) : undefined;
  // Where it is gone, this says so.
  return found ?? stat(folder, { bigint: true }).catch((cause: unknown) => cannotBeListed(folder, cause));
};

interface Place {
  folder: string;
  /** From before its names are read: what comes in between is seen by the next look. */
  found: BigIntStats;
  /** The folders above, by device and inode: a link back to one of them would be walked for ever. */
  ancestors: readonly string[];
}

/** What could not be looked at; of a great many, one says why. */
interface Missed {
  times: number;
  first?: unknown;
}

interface Walk {
  root: string;
  near: NearStat;
  listing: ListingTimes;
  missed: Missed;
  signal: AbortSignal;
}

async function* listFolder({ folder, found, ancestors }: Place, walk: Walk): AsyncGenerator<SourceObject> {
  const { root, near, listing, missed, signal } = walk;
  const isNear = await near.isNear(found.dev, folder);
  const isSmall = isNear && found.size <= smallFolderBytes && (listing.before(folder)?.names ?? Infinity) <= fewNames;
  const entries = await near.names(folder, isSmall).catch((cause: unknown) => {
    // The root is what the operator named.
    if (folder === root) return cannotBeListed(folder, cause);
    // A sub-folder may go while we look.
    return isMissing(cause) ? undefined : miss(missed, cause);
  });
  if (!entries) return;
  await listing.saw({ path: folder, found, names: entries.length, isNear });
  const self = `${found.dev}:${found.ino}`;
  for (const dirent of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    signal.throwIfAborted();
    const path = join(folder, dirent.name);
    const key = relative(root, path);
    if (isIgnoredKey(key)) continue;
    // A folder that is new may be the place of a mount, and a link may lead anywhere.
    const isNearToo = isNear && (dirent.isFile() || (dirent.isDirectory() && listing.before(path)?.isNear === true));
    const entry = await near.stat(path, isNearToo).catch((cause: unknown) => miss(missed, cause));
    if (!entry && dirent.name.includes(notUtf8)) miss(missed, new Error(`the name of ${path} is not UTF-8`));
    if (entry?.isFile()) yield objectOf(key, path, entry);
    else if (entry?.isDirectory() && ![...ancestors, self].includes(`${entry.dev}:${entry.ino}`))
      yield* listFolder({ folder: path, found: entry, ancestors: [...ancestors, self] }, walk);
  }
}

/** What Node gives for bytes that are no UTF-8; by such a name nothing is found. */
const notUtf8 = "\ufffd";

const miss = (missed: Missed, cause: unknown): undefined => {
  missed.first ??= cause;
  missed.times += 1;
};

const listedInPart = (folder: string, { times, first }: Missed): ListedInPart =>
  new ListedInPart(
    `the folder ${folder} is listed but for what cannot be looked at (${countedText(times, "place")}; one: ${saidBy(first)})`,
    { cause: first },
  );

const cannotBeListed = (folder: string, cause: unknown): never => {
  throw new Error(`the folder ${folder} cannot be listed: ${saidBy(cause)}`, { cause });
};

const saidBy = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const readFile = (folder: string): Source["read"] =>
  async function* (object, fromByte, signal) {
    try {
      yield* piecesOf(join(folder, object.key), { object, fromByte, signal });
    } catch (cause) {
      if (!isOfFileSystem(cause) || signal.aborted) throw cause;
      if (isMissing(cause)) {
        await stat(folder).catch((fault: unknown) => {
          throw new SourceUnavailable(`the folder ${folder} is not there: ${saidBy(fault)}`, { cause: fault });
        });
        throw new ObjectChanged(`${object.uri} is gone`, { cause, isGone: true });
      }
      // Nothing is wrong with the file: it waits until it can be read.
      throw new SourceUnavailable(`${object.uri} cannot be read: ${cause.message}`, {
        cause,
        isDenied: isDenied(cause),
      });
    }
  };

async function* piecesOf(
  path: string,
  { object, fromByte, signal }: { object: SourceObject; fromByte: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  using pages = openPages();
  try {
    const found = await file.stat({ bigint: true });
    if (versionOf(found) !== object.version)
      throw new ObjectChanged(`${object.uri} was replaced or is still being written`);
    // What is appended from now on is another version.
    const end = Number(found.size);
    const room = pages.open(Math.min(pieceBytes, end - fromByte));
    for (let at = fromByte; at < end;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(room, 0, Math.min(pieceBytes, end - at), at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield room.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
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

/** Node's own faults, of wrong arguments say, have a code too, but no `syscall`. */
const isOfFileSystem = (cause: unknown): cause is NodeJS.ErrnoException =>
  cause instanceof Error && "code" in cause && "syscall" in cause;

const isMissing = (cause: unknown): boolean => isOfFileSystem(cause) && cause.code === "ENOENT";
