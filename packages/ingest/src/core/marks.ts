/** How far one scope (an event type's prefix; "" is everything outside of them) has been taken. Times are UNIX ms. */
export interface Mark {
  /** Event types: the newest hour of which objects were queued. "": when the last full listing began. */
  reachedMs: number;
  /** Everything before was queued long ago, and is not remembered one by one any more. Never goes back. */
  takenBeforeMs: number;
}

/** A full listing on its way; pods take turns at it, page by page. */
export interface Sweep {
  startedMs: number;
  /** The key behind which it goes on. */
  cursor: string;
}

/** What the ledger knows of a source at the beginning of a round. */
export interface Marks {
  scopes: ReadonlyMap<string, Mark>;
  sweep: Sweep | undefined;
}

/** The scope of the keys that are in neither of Braze's layouts. */
export const elsewhere = "";

/** An object, and the time by which its scope's mark judges it (UNIX ms): its hour; elsewhere when it landed. */
export interface Dated<Item> {
  object: Item;
  atMs: number;
}

/** What a round comes upon. Each is to be done before the next one is asked for. */
export type Find<Item> =
  /** Objects that may be new. When they are queued, their scope has come to the mark. */
  | { kind: "objects"; scope: string; objects: Dated<Item>[]; mark?: Mark }
  /** An event type that the rounds do not know of yet. */
  | { kind: "scope"; scope: string }
  /** The full listing got on to a key. */
  | { kind: "swept"; from: Sweep; to: string }
  /** The full listing came to its end: what was there when it began is taken. */
  | { kind: "sweep-ended"; from: Sweep; mark: Mark }
  /** Objects that were not seen since then (UNIX ms) are gone and can be forgotten. */
  | { kind: "gone"; scope: string; unseenSinceMs: number };

/** How much further back the full listing looks than a round; and so how long single objects are remembered. */
const sweepWindows = 8;

/** The mark of a scope that was taken up to a time. */
export const markAt = (reachedMs: number, lateMs: number): Mark => ({
  reachedMs,
  takenBeforeMs: Math.max(0, reachedMs - sweepWindows * lateMs),
});
