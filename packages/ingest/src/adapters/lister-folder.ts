import { ListedInPart } from "../core/listed-in-part.ts";
import { elsewhere, type Find } from "../core/marks.ts";
import { partitionOf } from "../core/partition.ts";
import type { Source, SourceObject } from "../ports.ts";
import type { Finder } from "./finder.ts";

const pageObjects = 500;
const hourMs = 3_600_000;
/** How often the ledger is told of every file that is still there. */
const rememberEveryMs = hourMs;
/** A file that is gone may come back (a mount that was away); after this long it is forgotten. */
const forgetAfterMs = 7 * 24 * hourMs;
/** Even where nothing seems to have changed, all is listed as often: a file may be written over in place. */
const listEveryMs = 5_000;
/** What takes long may take a tenth of the time, up to this. */
const longestUnlistedMs = 60_000;

/**
 * Finds what is new in a source by listing all of it, whenever something has changed. A file's time may say anything (it
 * may have been copied with its old one), so there is no mark: every file that is there is remembered, and one that is
 * gone is forgotten after a week. A part that cannot be listed is told of at the end of the round, and nothing is forgotten then.
 */
export const folderFinder = (
  source: Pick<Source, "list" | "isUnchanged">,
  { sinceMs = 0, now = Date.now }: { sinceMs?: number | undefined; now?: () => number } = {},
): Finder => {
  // What is known of once need not be asked of Redis again; a restart forgets it, the ledger does not.
  let known = new Set<string>();
  /** Since the round in hand began. */
  const forgotten = new Set<string>();
  let rememberedMs = -Infinity;
  /** From when on all is listed, even if nothing seems to have changed. */
  let nextListingMs = -Infinity;
  return {
    isMarkless: true,
    forget: (object) => {
      forgotten.add(versionOf(object));
      known.delete(versionOf(object));
      nextListingMs = -Infinity;
    },
    isUnchanged: async (signal) => {
      const nowMs = now();
      // Neither this nor what is below waits for long because the clock was set back.
      const isDue = nowMs >= nextListingMs || nowMs < nextListingMs - longestUnlistedMs;
      return !isDue && ((await source.isUnchanged?.(signal)) ?? false);
    },
    round: async function* ({ isFresh }, signal): AsyncGenerator<Find<SourceObject>> {
      const startedMs = now();
      forgotten.clear();
      // A ledger that was just met is told of everything, also when this round breaks off and another one does it.
      if (isFresh) rememberedMs = -Infinity;
      const isRemembering = startedMs < rememberedMs || startedMs >= rememberedMs + rememberEveryMs;
      nextListingMs = -Infinity; // should this round break off
      const present = new Set<string>();
      const look = { known, isRemembering, startedMs, sinceMs, present };
      const { isQuiet, fault } = yield* offerNew(source.list(signal), look);
      for (const version of forgotten) present.delete(version);
      known = present;
      const tookMs = now() - startedMs;
      // What has just come may still be written to, of which its folder does not tell.
      if (isQuiet && forgotten.size === 0)
        nextListingMs = now() + Math.min(longestUnlistedMs, Math.max(listEveryMs, 10 * tookMs));
      if (isRemembering) rememberedMs = startedMs;
      if (fault) throw fault;
      // An empty folder is more likely a mount that is missing than the end of all files.
      if (isRemembering && present.size > 0)
        yield { kind: "gone", scope: elsewhere, unseenSinceMs: startedMs - forgetAfterMs };
    },
  };
};

interface Look {
  known: ReadonlySet<string>;
  isRemembering: boolean;
  startedMs: number;
  sinceMs: number;
  /** Gets what is there. */
  present: Set<string>;
}

/** Offers what is new, page by page; answers whether nothing was, and with what kept a part of the source from being listed. */
async function* offerNew(
  objects: AsyncIterable<SourceObject>,
  { known, isRemembering, startedMs, sinceMs, present }: Look,
): AsyncGenerator<Find<SourceObject>, { isQuiet: boolean; fault: ListedInPart | undefined }> {
  let isQuiet = true;
  let fault: ListedInPart | undefined;
  let page: SourceObject[] = [];
  try {
    for await (const object of objects) {
      if ((partitionOf(object.key)?.atMs ?? object.landedAtMs) < sinceMs) continue;
      const version = versionOf(object);
      // Only when it is queued: a round that fails before must offer it again.
      if (!isRemembering && known.has(version)) present.add(version);
      else page.push(object);
      isQuiet &&= known.has(version);
      if (page.length < pageObjects) continue;
      yield* offered(page, startedMs, present);
      page = [];
    }
  } catch (error) {
    if (!(error instanceof ListedInPart)) throw error;
    fault = error;
  }
  yield* offered(page, startedMs, present);
  return { isQuiet, fault };
}

function* offered(page: readonly SourceObject[], atMs: number, present: Set<string>): Generator<Find<SourceObject>> {
  if (page.length === 0) return;
  yield { kind: "objects", scope: elsewhere, objects: page.map((object) => ({ object, atMs })) };
  for (const object of page) present.add(versionOf(object));
}

const versionOf = ({ uri, version }: Pick<SourceObject, "uri" | "version">): string => `${uri} ${version}`;
