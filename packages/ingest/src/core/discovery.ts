import { type ListObjects, type Listed, pagesOf } from "./listing.ts";
import { type Dated, type Find, type Mark, markAt } from "./marks.ts";
import { isIgnoredKey } from "./object-key.ts";
import { beforeHour, datesOf, dayMs, hourStart, isIntegration, isScope, parentOf, partitionOf } from "./partition.ts";

/** A folder that only holds folders has few pages; what lies behind them is left to the full listing. */
const mostFolderPages = 4;

/** How one source is searched. */
export interface Search {
  /** "" or a prefix that ends with "/". */
  root: string;
  /** Nothing older is taken (UNIX ms). */
  sinceMs: number | undefined;
  /** How far behind the newest hour of an event type an object may land and still be found in the next round. */
  lateMs: number;
}

/**
 * Finds the prefixes of the event types by the delimiter: under the root, under each integration's folder in it, and
 * beside every type and every integration that is known already.
 */
export const findScopes = async <Item>(
  list: ListObjects<Item>,
  root: string,
  known: Iterable<string>,
): Promise<Set<string>> => {
  const scopes = new Set(known);
  if (isScope(root)) scopes.add(root);
  const folders = new Set([root, ...[...scopes].flatMap(foldersAbove).filter((folder) => folder.startsWith(root))]);
  for (const folder of folders) {
    let pages = 0;
    for await (const { prefixes } of pagesOf(list, { prefix: folder, delimiter: "/" })) {
      for (const prefix of prefixes) {
        if (isScope(prefix)) scopes.add(prefix);
        // The set is walked in the order of adding: this one's turn comes.
        else if (isIntegration(prefix)) folders.add(prefix);
      }
      pages += 1;
      if (pages === mostFolderPages) break;
    }
  }
  return scopes;
};

/** Where an event type's neighbours are, and those of its integration. */
const foldersAbove = (scope: string): string[] => {
  const folder = parentOf(scope);
  return isIntegration(folder) ? [folder, parentOf(folder)] : [folder];
};

/**
 * Lists one event type from its mark (less the late window) on, page by page. Within that, every hour is listed as a
 * whole: objects may land in any order.
 */
export async function* newInScope<Item extends Listed>(
  list: ListObjects<Item>,
  { scope, mark, search, nowMs }: { scope: string; mark: Mark | undefined; search: Search; nowMs: number },
): AsyncGenerator<Find<Item>> {
  const fromMs = Math.max(mark?.takenBeforeMs ?? 0, (mark?.reachedMs ?? 0) - search.lateMs, search.sinceMs ?? 0);
  const query = { prefix: datesOf(scope), ...(fromMs > 0 && { startAfter: beforeHour(scope, fromMs) }) };
  for await (const page of pagesOf(list, query)) {
    const objects = page.objects.flatMap((object) => datedIn(scope, search.root, object));
    const newestMs = objects.reduce((newest, { atMs }) => Math.max(newest, atMs), 0);
    // An hour that has not come yet must not carry the mark past the hours until then.
    const reachedMs = hourStart(Math.min(newestMs, nowMs));
    if (objects.length > 0) yield { kind: "objects", scope, objects, mark: markAt(reachedMs, search.lateMs) };
    if (newestMs > nowMs + dayMs) return;
  }
}

const datedIn = <Item extends Listed>(scope: string, root: string, object: Item): Dated<Item>[] => {
  const partition = isIgnoredKey(object.key, root) ? undefined : partitionOf(object.key);
  // What has no hour is none of this listing's.
  return partition?.scope === scope ? [{ object, atMs: partition.atMs }] : [];
};
