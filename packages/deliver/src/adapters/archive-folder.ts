import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createGzip } from "node:zlib";
import type { Archive, ArchiveFile } from "../archive.ts";
import { archivePath, archiveText } from "../core/archive-format.ts";
import { archiveEnding as ending, errorCodeOf as codeOf, readArchive } from "./archive-reading.ts";

/** Calls are data of people: their owner writes, their group reads. */
const folderMode = 0o750;
const fileMode = 0o640;
/** One workspace's archive below `folder`: gzip of {@link archiveText}, which `zcat` and `jq` read too. */
export const folderArchive = ({ folder, workspace }: { folder: string; workspace: string }): Archive => ({
  write: async (batches) => {
    const root = resolve(folder);
    const path = join(root, archivePath(workspace, batches));
    await writeWhole(path, archiveText(workspace, batches), root);
    return { uri: pathToFileURL(path).href };
  },

  list: () => listFiles(resolve(folder, workspace)),

  read: (uri) => readArchive(async () => createReadStream(fileURLToPath(uri)), { uri, workspace }),
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
