import { findScopes, newInScope, type Search } from "../core/discovery.ts";
import type { ListObjects } from "../core/listing.ts";
import { elsewhere, type Find, type Marks } from "../core/marks.ts";
import { sweepOn } from "../core/sweep.ts";
import { scopesInTurn, type Turn } from "../core/turns.ts";
import type { SourceObject } from "../ports.ts";
import type { Finder } from "./finder.ts";
import type { ObjectStore } from "./object-store.ts";

export interface BucketSearch extends Search {
  /** How often, at least, all of the bucket is gone through for what is not where Braze puts it. */
  sweepEveryMs: number;
  /** True: the first round goes through all of it (a run that is to end when everything is taken). */
  isThorough?: boolean;
}

/** What one round may ask at the most when nothing is new. Together with the folders: a few dozen requests. */
const scopesARound = 32;
const sweepPagesARound = 8;
/** A bucket that is gone through in a few requests is gone through more often: one request in this time. */
const sweepPageMs = 15_000;

/**
 * Finds new objects in a bucket at a cost that grows with what is new: each event type is listed from its mark on; the
 * rest of the bucket in a full listing that is spread over many rounds and shared by all pods.
 */
export const bucketFinder = (store: ObjectStore, search: BucketSearch, now = Date.now): Finder => {
  const turns = new Map<string, Turn>();
  const sweeper = createSweeper(search, now);
  let rounds = 0;
  let requests = 0;
  return {
    round: async function* ({ marks, isFresh }, signal) {
      rounds += 1;
      if (isFresh) turns.clear();
      const list: ListObjects<SourceObject> = (query) => {
        requests += 1;
        return store.listPage(query, signal);
      };
      yield* newInScopes({ list, marks, search, turns, round: rounds, now });
      yield* sweeper.sweepIfDue(list, marks);
    },
    isComplete: sweeper.isComplete,
    listRequests: () => requests,
  };
};

interface Round {
  list: ListObjects<SourceObject>;
  marks: Marks;
  search: BucketSearch;
  turns: Map<string, Turn>;
  /** Its number. */
  round: number;
  now: () => number;
}

async function* newInScopes({ list, marks, search, turns, round, now }: Round): AsyncGenerator<Find<SourceObject>> {
  const known = [...marks.scopes.keys()].filter((scope) => scope !== elsewhere && scope.startsWith(search.root));
  const scopes = await findScopes(list, search.root, known);
  const most = search.isThorough ? Infinity : scopesARound;
  for (const scope of scopesInTurn(scopes, turns, { nowMs: now(), most })) {
    let newestMs = 0;
    for await (const find of newInScope(list, { scope, mark: marks.scopes.get(scope), search, nowMs: now() })) {
      if (find.kind === "objects")
        newestMs = find.objects.reduce((newest, { object }) => Math.max(newest, object.landedAtMs), newestMs);
      yield find;
    }
    turns.set(scope, { listedIn: round, newestMs });
  }
}

/** The part of the rounds that goes on with the full listing. */
const createSweeper = (search: BucketSearch, now: () => number) => {
  const startedMs = now();
  let isComplete = false;
  /** Of the full listing on its way, or else of the last one. */
  let pages = 0;

  return {
    isComplete: () => isComplete,

    sweepIfDue: async function* (list: ListObjects<SourceObject>, marks: Marks): AsyncGenerator<Find<SourceObject>> {
      const sweptMs = marks.scopes.get(elsewhere)?.reachedMs ?? -Infinity;
      const everyMs = Math.min(search.sweepEveryMs, pages * sweepPageMs);
      const isDue = now() - sweptMs >= everyMs || (search.isThorough && sweptMs < startedMs);
      isComplete = marks.sweep === undefined && !isDue;
      if (isComplete) return;
      const sweep = marks.sweep ?? { startedMs: now(), cursor: "" };
      if (sweep.cursor === "") pages = 0;
      const counted: ListObjects<SourceObject> = (query) => {
        pages += 1;
        return list(query);
      };
      // Event types that come to light here are listed in the next round.
      let isAllListed = !search.isThorough || sweep.startedMs >= startedMs;
      const mostPages = search.isThorough ? Infinity : sweepPagesARound;
      for await (const find of sweepOn(counted, sweep, { marks, search, mostPages })) {
        yield find;
        isAllListed &&= find.kind !== "scope";
        isComplete = find.kind === "sweep-ended" && isAllListed;
      }
    },
  };
};
