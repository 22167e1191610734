import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { OpenPage, Pages } from "@currents-relay/shared/core/pages.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";

/**
 * Claims event ids for `owner` within the workspace's dedup window; answers, in order, whether each id is the
 * owner's. An owner that runs again wins its own claims again, so a crash never turns dedup into loss.
 */
export type Claims = (owner: JobId, eventIds: readonly string[]) => Promise<boolean[]>;

/** What transform needs of the outside world. */
export interface TransformPorts {
  /** The chunk that waits under the job's id, in a page of the job; undefined when it is not there (yet, or any more). */
  readChunk: (id: JobId, openPage: OpenPage) => Promise<Chunk | undefined>;
  /** Room for a chunk and for its calls. */
  openPages: () => Pages;
  claim: Claims;
  toDeliver: HandOver<DeliverJob>;
  toQuarantine: HandOver<QuarantineJob>;
  /** How many calls a batch may have. */
  mostCalls: number;
  /** Events that the general rules mapped because the catalog does not have their type. */
  countUnknownTypes: (count: number) => void;
}
