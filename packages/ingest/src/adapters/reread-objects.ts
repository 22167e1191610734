import { inRereadOrder, isAsked, type RereadQuery } from "../core/reread.ts";
import type { SourceObject } from "../ports.ts";
import { connectorSource, type SourceSettings } from "./connector-source.ts";

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
export const findAgain = async (
  settings: SourceSettings,
  query: RereadQuery,
  signal: AbortSignal,
): Promise<FoundAgain> => {
  const { finder } = connectorSource({ ...settings, sinceMs: query.fromMs }, { isThorough: true });
  const found = new Map<string, SourceObject>();
  const untyped = new Set<string>();
  do {
    for await (const find of finder.round({ marks: { scopes: new Map(), sweep: undefined }, isFresh: true }, signal)) {
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
