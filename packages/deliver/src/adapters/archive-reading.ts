import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type ArchivedBatch, archivedBatches, ArchiveCorrupt } from "../core/archive-format.ts";

/** What every archive file is called at its end: gzip of NDJSON. */
export const archiveEnding = ".ndjson.gz";
/** Far beyond a call, which Segment limits to 32 KB: a damaged file must not fill the memory. */
const maxLineBytes = 1_000_000;

/** The batches of one file, which is opened twice: nothing of a damaged one is given. */
export async function* readArchive(
  open: () => Promise<Readable>,
  { uri, workspace }: { uri: string; workspace: string },
): AsyncGenerator<ArchivedBatch> {
  try {
    // The checksum comes last: only who has read to the end knows that the beginning is right.
    for await (const batch of archivedBatches(linesOf(await open()), workspace)) void batch;
    yield* archivedBatches(linesOf(await open()), workspace);
  } catch (cause) {
    throw explained(cause, uri);
  }
}

async function* linesOf(packed: Readable): AsyncGenerator<string, void> {
  const unpacked = createGunzip();
  // Rejects as the reading below does, which is where it is heard.
  pipeline(packed, unpacked).catch(() => undefined);
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

export const errorCodeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;

const explained = (cause: unknown, uri: string): unknown => {
  const code = errorCodeOf(cause);
  if (cause instanceof ArchiveCorrupt)
    return new ArchiveCorrupt(`the archive ${uri} cannot be used: ${cause.message}`, { cause });
  if (code?.startsWith("Z_") && cause instanceof Error)
    return new ArchiveCorrupt(`the archive ${uri} cannot be used: ${cause.message} (gzip, ${code})`, { cause });
  if (code === "ENOENT") return new Error(`there is no archive ${uri}`, { cause });
  return cause;
};
