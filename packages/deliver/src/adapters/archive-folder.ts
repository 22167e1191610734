import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createGunzip, createGzip } from "node:zlib";
import type { Archive, ArchiveFile } from "../archive.ts";
import { archivedBatches, ArchiveCorrupt, archivePath, archiveText } from "../core/archive-format.ts";

const ending = ".ndjson.gz";
/** Calls are data of people: their owner writes, their group reads. */
const folderMode = 0o750;
const fileMode = 0o640;
/** Far beyond a call, which Segment limits to 32 KB: a damaged file must not fill the memory. */
const maxLineBytes = 1_000_000;

/** One workspace's archive below `folder`: gzip of {@link archiveText}, which `zcat` and `jq` read too. */
export const folderArchive = ({ folder, workspace }: { folder: string; workspace: string }): Archive => ({
  write: async (batches) => {
    const root = resolve(folder);
    const path = join(root, archivePath(workspace, batches));
    await writeWhole(path, archiveText(workspace, batches), root);
    return { uri: pathToFileURL(path).href };
  },

  list: () => listFiles(resolve(folder, workspace)),

  read: async function* (uri) {
    try {
      // The checksum comes last: only who has read to the end knows that the beginning is right.
      for await (const batch of archivedBatches(linesOf(uri), workspace)) void batch;
      yield* archivedBatches(linesOf(uri), workspace);
    } catch (cause) {
      throw explained(cause, uri);
    }
  },
});

/** Under its name there is the whole file or none, also after a loss of power; what is unfinished has another name. */
const writeWhole = async (path: string, text: Iterable<string>, root: string): Promise<void> => {
  const folder = dirname(path);
  const firstMade = await mkdir(folder, { recursive: true, mode: folderMode });
  const unfinished = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await using file = await open(unfinished, "wx", fileMode);
    await pipeline(Readable.from(text), createGzip(), (packed: AsyncIterable<Buffer>) => file.writeFile(packed));
    await file.sync();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }); // a kill leaves it behind; nobody takes it for an archive
    throw error;
  }
  // A name is kept by the folder that it stands in, and a new folder's name by the one above it.
  const above = firstMade === undefined ? root : dirname(firstMade);
  await syncFolders(folder, above.length < root.length ? above : root);
};

const syncFolders = async (folder: string, highest: string): Promise<void> => {
  await using opened = await open(folder, "r");
  await opened.sync();
  if (folder.length > highest.length) await syncFolders(dirname(folder), highest);
};

const listFiles = async (folder: string): Promise<ArchiveFile[]> => {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    if (codeOf(cause) === "ENOENT") return []; // nothing was archived yet
    throw cause;
  });
  const whole = names.filter((name) => name.endsWith(ending) && !basename(name).startsWith(".")).toSorted();
  return Promise.all(
    whole.map(async (name) => {
      const path = join(folder, name);
      return { uri: pathToFileURL(path).href, bytes: (await stat(path)).size };
    }),
  );
};

async function* linesOf(uri: string): AsyncGenerator<string, void> {
  const unpacked = createGunzip();
  // Rejects as the reading below does, which is where it is heard.
  pipeline(createReadStream(fileURLToPath(uri)), unpacked).catch(() => undefined);
  // Not node:readline, for which U+2028 ends a line too.
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of unpacked as AsyncIterable<Buffer>) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    let from = 0;
    for (let end = bytes.indexOf("\n"); end !== -1; end = bytes.indexOf("\n", from)) {
      yield bytes.toString("utf8", from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > maxLineBytes) throw new ArchiveCorrupt(`it has a line of more than ${maxLineBytes} bytes`);
  }
  if (rest.length > 0) throw new ArchiveCorrupt("its last line has no end");
}

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;

const explained = (cause: unknown, uri: string): unknown => {
  const code = codeOf(cause);
  if (cause instanceof ArchiveCorrupt)
    return new ArchiveCorrupt(`the archive ${uri} cannot be used: ${cause.message}`, { cause });
  if (code?.startsWith("Z_") && cause instanceof Error)
    return new ArchiveCorrupt(`the archive ${uri} cannot be used: ${cause.message} (gzip, ${code})`, { cause });
  if (code === "ENOENT") return new Error(`there is no archive ${uri}`, { cause });
  return cause;
};
