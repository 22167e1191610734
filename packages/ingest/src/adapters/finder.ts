import type { Find, Marks } from "../core/marks.ts";
import type { SourceObject } from "../ports.ts";

/** How the new objects of a source are found. */
export interface Finder {
  /** One look, as far as one round goes; `isFresh`: the ledger was not met before. What is found may be known. */
  round: (ledger: { marks: Marks; isFresh: boolean }, signal: AbortSignal) => AsyncIterable<Find<SourceObject>>;
  /** Whether a round, if there was one now, would find what the last one found; missing: nobody knows without a round. */
  isUnchanged?: (signal: AbortSignal) => Promise<boolean>;
  /** It does without the marks: the ledger is asked now and then only, and its marks may be some seconds old. */
  isMarkless?: boolean;
  /** What is found of this version is offered again, although it was before; missing: that is always so. */
  forget?: (object: Pick<SourceObject, "uri" | "version">) => void;
  /** Whether the rounds so far have seen everything that is there; missing: each of them does. */
  isComplete?: () => boolean;
  /** How many requests the store was asked so far. */
  listRequests?: () => number;
}
