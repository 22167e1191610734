import { createHash } from "node:crypto";

/** Names of the things that pass between stages. Only the makers below make them, so their form is known. */
export type FileId = string & { readonly brand: "FileId" };
export type JobId = string & { readonly brand: "JobId" };

const shortHash = (parts: readonly string[]): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 24);

/**
 * The identity of one version of one object as one connector reads it: a replaced object, or the same object read
 * by another connector, is another file. Two pods that find the same object give it the same id.
 */
export const fileId = (connector: string, uri: string, version: string): FileId =>
  shortHash([connector, uri, version]) as FileId; // brand: made here

/** The same object, read again by an operator's command: another file, with ids of its own. */
export const rereadFileId = (
  run: string,
  connector: string,
  { uri, version }: { uri: string; version: string },
): FileId => shortHash(["reread", run, connector, uri, version]) as FileId; // brand: made here

/** Ids start with a letter and have no ':' (BullMQ refuses both otherwise). The same input gives the same id. */
export const ingestJobId = (file: FileId): JobId => `i-${file}` as JobId;
/** With the number of records: what a newer relay cuts otherwise is another chunk, and does not hide behind an older one. */
export const transformJobId = (file: FileId, chunkIndex: number, records: number): JobId =>
  `t-${file}-${chunkIndex}-${records}` as JobId;
/**
 * The batches of one chunk are numbered in order; `parent` is the chunk's job id. The fingerprint (8 hex digits) tells which of
 * its events are in the batch: a chunk that runs again and comes to other batches must not take them for those of the first run.
 */
export const deliverJobId = (parent: JobId, fingerprint: string, batchIndex: number): JobId =>
  `d-${parent.slice(2)}-${fingerprint}-${batchIndex}` as JobId;
/** The chunk's job that {@link deliverJobId} had as its parent. */
export const chunkOfBatch = (batch: JobId): JobId => batch.replace(/^d-(.*)-[0-9a-f]{8}-\d+$/, "t-$1") as JobId;
/** A batch that was split has two halves, "a" and "b". */
export const halfJobId = (parent: JobId, half: "a" | "b"): JobId => `${parent}${half}` as JobId;
/** A batch of what an operator took out of quarantine; numbered over all replays of that entry. */
export const restoredJobId = (entry: JobId, batchIndex: number): JobId =>
  `d-${shortHash([entry])}-q${batchIndex}` as JobId;
/** What came back from an archive, told from what went there: `-r1`, the next time `-r2`. */
export const returnedJobId = (archived: JobId): JobId => {
  const [, first, times] = /^(.*)-r(\d+)$/.exec(archived) ?? [undefined, archived, "0"];
  return `${first}-r${Number(times) + 1}` as JobId;
};
/**
 * What a job sets aside for one reason; `label` is the reason, with what tells several of it apart: a place in the file, or a
 * fingerprint as of {@link deliverJobId}.
 */
export const quarantineJobId = (parent: JobId, label: string): JobId => `q-${parent}-${label}` as JobId;
