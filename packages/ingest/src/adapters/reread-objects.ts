import { elsewhere, type Find, type Mark } from "../core/marks.ts";
import { hourStart } from "../core/partition.ts";
import { inRereadOrder, isAsked, type RereadQuery } from "../core/reread.ts";
import type { SourceObject } from "../ports.ts";
import { connectorSource, type SourceSettings } from "./connector-source.ts";
import type { Finder } from "./finder.ts";

export interface FoundAgain {
  /** Oldest first. */
  objects: SourceObject[];
  /** In the time, but their keys do not say whether their event type is asked for. */
  untyped: number;
}

/**
 * Lists what a source still has of a time. A bucket is listed as in a first round: event types from that time on, and
 * what is in neither of Braze's layouts by a full listing. Rejects with a sentence for the operator.
 */
export const findAgain = (settings: SourceSettings, query: RereadQuery, signal: AbortSignal): Promise<FoundAgain> => {
  const sinceMs = hourStart(query.fromMs);
  return findIn(connectorSource({ ...settings, sinceMs }, { isThorough: true }).finder, query, signal);
};

/** Asks a finder that knows nothing yet for one round after the other, until it has gone through everything. */
export const findIn = async (
  finder: Pick<Finder, "round" | "isComplete">,
  query: RereadQuery,
  signal: AbortSignal,
): Promise<FoundAgain> => {
  const found = new Map<string, SourceObject>();
  const untyped = new Set<string>();
  const scopes = new Map<string, Mark>();
  do {
    signal.throwIfAborted();
    for await (const find of finder.round({ marks: { scopes, sweep: undefined }, isFresh: true }, signal)) {
      remember(scopes, find);
      if (find.kind !== "objects") continue;
      for (const { object } of find.objects) {
        const asked = isAsked(object, query);
        if (asked === "yes") found.set(object.uri, object);
        else if (asked === "type-unknown") untyped.add(object.uri);
      }
    }
  } while (!(finder.isComplete?.() ?? true));
  return { objects: inRereadOrder([...found.values()]), untyped: untyped.size };
};

/** What the ledger remembers for a lister, or the finder finds the same event types again and again. */
const remember = (scopes: Map<string, Mark>, find: Find<SourceObject>): void => {
  if (find.kind === "scope") scopes.set(find.scope, { reachedMs: 0, takenBeforeMs: 0 });
  else if (find.kind === "sweep-ended") scopes.set(elsewhere, find.mark);
  else if (find.kind === "objects" && find.mark) scopes.set(find.scope, find.mark);
};
