import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { archiveAt, type ArchivePlace } from "@currents-relay/deliver/adapters/archive-place.ts";
import { bringBackPorts } from "@currents-relay/deliver/adapters/desk-archive.ts";
import { bringBack, type BroughtBack } from "@currents-relay/deliver/bring-back.ts";
import { ArchiveCorrupt } from "@currents-relay/deliver/core/archive-format.ts";
import type { DlqOptions } from "./dlq-options.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { type Sum, sumText } from "./dlq-select.ts";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { counted, print, printError } from "./output.ts";

/** Puts what is in an archive back where it came from, file by file, the oldest first. */
export const bringBackAll = async (room: DlqRoom, { isDryRun, isJson }: DlqOptions, from: string): Promise<number> => {
  const { redis, workspace, spool, queues } = room;
  const place = placeOf(room, from);
  const archive = archiveAt(place, workspace);
  const ports = bringBackPorts(redis, workspace, { tools: { spool, queues }, archive });
  const sum = { files: 0, damaged: 0, back: none(), before: none(), elsewhere: none() };
  for (const uri of await filesIn(from, { workspace, list: archive.list, isFolder: "folder" in place })) {
    const result = await bringBack(ports)(uri, { isDryRun }).catch(corrupt);
    sum.files += 1;
    if (result) for (const where of ["back", "before", "elsewhere"] as const) add(sum[where], result[where]);
    else sum.damaged += 1;
  }
  if (isJson) print(JSON.stringify({ workspace, isDryRun, ...sum }));
  else print(forPeople(sum, isDryRun));
  return sum.damaged > 0 ? exitCodes.failed : exitCodes.ok;
};

/** `s3://bucket/prefix` is reached as expiry.archive.s3 says, else as the SDK's own settings do. */
const placeOf = ({ settings }: DlqRoom, from: string): ArchivePlace => {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(from) ?? [];
  if (bucket === undefined) return { folder: from };
  const configured = settings.expiry.archive;
  return { s3: { ...(configured && "s3" in configured ? configured.s3 : { forcePathStyle: false }), bucket, prefix } };
};

const none = (): Sum => ({ entries: 0, events: 0 });

const add = (sum: Sum, more: Sum): void => {
  sum.entries += more.entries;
  sum.events += more.events;
};

const filesIn = async (
  from: string,
  { workspace, list, isFolder }: { workspace: string; list: () => Promise<{ uri: string }[]>; isFolder: boolean },
): Promise<string[]> => {
  const unreadable = (cause: unknown): never => {
    const why = `--from-archive: ${from} cannot be read (${errorText(cause)})`;
    throw new CommandError(exitCodes.noInput, why, { cause });
  };
  if (isFolder && (await stat(from).catch(unreadable)).isFile()) return [pathToFileURL(from).href];
  const files = await list().catch(unreadable);
  if (files.length > 0) return files.map(({ uri }) => uri);
  throw new CommandError(exitCodes.noInput, `--from-archive: ${from} has no archive of the workspace ${workspace}`);
};

/** A damaged file is told, and left out; nothing of it was put back. */
const corrupt = (error: unknown): undefined => {
  if (!(error instanceof ArchiveCorrupt)) throw error;
  printError(error.message);
};

const forPeople = ({ files, back, before, elsewhere }: { files: number } & BroughtBack, isDryRun: boolean): string => {
  const line = (what: string, sum: Sum): string[] => (sum.entries === 0 ? [] : [`${sumText(sum)}: ${what}`]);
  return [
    counted(files, "file"),
    ...line(
      isDryRun
        ? "would come back"
        : "came back; dead letters go out as `relay hold`, `relay resume` and the credentials allow",
      back,
    ),
    ...line("came back earlier", before),
    ...line("did not end by the archive, so they stay where they are", elsewhere),
  ].join("\n");
};
