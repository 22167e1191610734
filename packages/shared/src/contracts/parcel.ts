import type { JobId } from "../core/ids.ts";

/** Bytes, or pieces of bytes that follow each other: whoever stores them puts them together. */
export type Payload = Uint8Array | readonly Uint8Array[];

/** One piece of work for the next stage: its payload goes to the spool, its data into the job. */
export interface Parcel<Data> {
  id: JobId;
  data: Data;
  payload: Payload;
  events: number;
}

/**
 * Resolves when the next stage has the work for good; answers with the workspace's bytes in the spool. May be
 * repeated at any time: ids are deterministic, what exists is left as it is.
 */
export type HandOver<Data> = (
  parcels: readonly Parcel<Data>[],
  place?: "first" | "last",
) => Promise<{ spoolBytes: number }>;
