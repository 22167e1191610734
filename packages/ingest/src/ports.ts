import type { IngestJob, QuarantineJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { FileId, JobId } from "@currents-relay/shared/core/ids.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Pages } from "@currents-relay/shared/core/pages.ts";
import type { PauseReason } from "./core/admission.ts";
import type { ChunkSource } from "./core/chunk.ts";

/** One object in a source, in one version. */
export interface SourceObject {
  /** Its name within the source: the path below the folder, the key in the bucket. */
  key: string;
  /** Its full address, as a person would write it. */
  uri: string;
  /** Changes whenever its content does: size and modification time, or the ETag. */
  version: string;
  bytes: number;
  /** When it appeared or was last written (UNIX ms). */
  landedAtMs: number;
}

/** Where Currents files come from. */
export interface Source {
  /**
   * Everything that is there, oldest folders first. Rejects with a sentence for the operator if it cannot be read; with
   * ListedInPart, at the end, if some of it cannot.
   */
  list: (signal: AbortSignal) => AsyncIterable<SourceObject>;
  /**
   * Whether nothing came, went or was replaced since the last whole listing, for much less than a listing. What was
   * written over in place may be overlooked. Missing: nobody knows.
   */
  isUnchanged?: (signal: AbortSignal) => Promise<boolean>;
  /**
   * The object's bytes from `fromByte` on, in pieces of any size, each good until the next one is asked for. Throws
   * ObjectChanged and SourceUnavailable.
   */
  read: (object: SourceObject, fromByte: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** "changed": it was replaced or deleted before all of it was read. */
export type FileFate = "read" | "changed";

/** Which files have been taken to their end. */
export interface Ledger {
  /** Those of the files that were not finished yet, in order. */
  unfinished: (files: readonly FileId[]) => Promise<FileId[]>;
  finish: (file: FileId, fate?: FileFate) => Promise<void>;
}

/** What ingest needs of the outside world to take one object. */
export interface IngestPorts {
  read: Source["read"];
  /** What the chunks of a file say of it. */
  chunkSource: (job: IngestJob) => ChunkSource;
  /** Where chunks lie until they are handed over. */
  openPages: () => Pages;
  toTransform: HandOver<TransformJob>;
  toQuarantine: HandOver<QuarantineJob>;
  ledger: Pick<Ledger, "finish">;
  /** Why the workspace may bring nothing more into Redis now; undefined: it may. */
  pause: () => PauseReason | undefined;
  /** How many events of the workspace wait in any stage, or are held. */
  eventsAhead: () => Promise<number>;
  /** UNIX ms. */
  now: () => number;
}

/** What ingest needs of the outside world for one HTTP request. */
export interface RequestPorts extends Pick<IngestPorts, "chunkSource" | "toTransform"> {
  /** The events that wait under the job's id, a JSON text each; undefined when they are not there (yet, or any more). */
  readRequest: (id: JobId) => Promise<string[] | undefined>;
}
