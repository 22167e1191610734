import type { Search } from "./discovery.ts";
import type { ListObjects, Listed } from "./listing.ts";
import { type Dated, elsewhere, type Find, markAt, type Marks, type Sweep } from "./marks.ts";
import { isIgnoredKey } from "./object-key.ts";
import { beforeHour, behindDates, partitionOf } from "./partition.ts";

interface Scene {
  marks: Marks;
  search: Search;
}

/**
 * Goes on with the full listing for at most `mostPages` requests: the way by which keys in unknown layouts are found,
 * and event types at an unknown depth, and objects that landed later than the late window. It leaps over the hours
 * that are taken for good and those that the rounds have not reached, so it costs about two requests for each event
 * type and one for every 1,000 other keys.
 */
export async function* sweepOn<Item extends Listed>(
  list: ListObjects<Item>,
  sweep: Sweep,
  { mostPages, ...scene }: Scene & { mostPages: number },
): AsyncGenerator<Find<Item>> {
  let from = sweep;
  for (let pages = 0; pages < mostPages; pages++) {
    const query = { prefix: scene.search.root, ...(from.cursor !== "" && { startAfter: from.cursor }) };
    const { objects, next } = await list(query);
    const seen = objects.map((object) => ({ object, ...look(object, scene) }));
    yield* findsOf(seen);
    const last = seen.at(-1);
    if (next === undefined || last === undefined)
      return yield { kind: "sweep-ended", from, mark: markAt(from.startedMs, scene.search.lateMs) };
    const to = last.leapTo ?? last.object.key;
    // A kill here: the page is listed again, and everything on it is known.
    yield { kind: "swept", from, to };
    from = { ...from, cursor: to };
  }
}

interface Look {
  /** Where the object belongs, if it may be a new one. */
  found?: { scope: string; atMs: number };
  newScope?: string;
  /** Nothing that this listing is for comes before this key. */
  leapTo?: string;
}

const look = ({ key, landedAtMs }: Listed, { marks: { scopes }, search }: Scene): Look => {
  if (isIgnoredKey(key, search.root)) return {};
  const partition = partitionOf(key);
  const floorOf = (scope: string) => Math.max(scopes.get(scope)?.takenBeforeMs ?? 0, search.sinceMs ?? 0);
  if (!partition?.scope.startsWith(search.root))
    return landedAtMs < floorOf(elsewhere) ? {} : { found: { scope: elsewhere, atMs: landedAtMs } };
  const { scope, atMs } = partition;
  const reachedMs = scopes.get(scope)?.reachedMs;
  if (reachedMs === undefined) return { newScope: scope, leapTo: behindDates(scope) };
  if (atMs > reachedMs) return { leapTo: behindDates(scope) };
  return atMs < floorOf(scope) ? { leapTo: beforeHour(scope, floorOf(scope)) } : { found: partition };
};

function* findsOf<Item>(seen: readonly (Look & { object: Item })[]): Generator<Find<Item>> {
  for (const scope of new Set(seen.flatMap(({ newScope }) => newScope ?? []))) yield { kind: "scope", scope };
  const byScope = new Map<string, Dated<Item>[]>();
  for (const { object, found } of seen) {
    if (!found) continue;
    const dated = byScope.get(found.scope) ?? [];
    dated.push({ object, atMs: found.atMs });
    byScope.set(found.scope, dated);
  }
  for (const [scope, objects] of byScope) yield { kind: "objects", scope, objects };
}
