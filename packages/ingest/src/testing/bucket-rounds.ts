import { type FileId, fileId } from "@currents-relay/shared/core/ids.ts";
import type { Finder } from "../adapters/finder.ts";
import { type BucketSearch, bucketFinder } from "../adapters/lister-bucket.ts";
import type { ListingLedger } from "../adapters/redis-ledger.ts";
import { memoryLedger } from "./memory-ledger.ts";
import type { VirtualStore } from "./virtual-store.ts";

type CountedStore = Pick<VirtualStore, "list" | "countRequests">;

export interface Rounds {
  /** One round; everything found is finished at once. Answers with the keys that nobody had seen, and the requests. */
  round: () => Promise<{ found: string[]; requests: number }>;
  finder: Finder;
}

/**
 * Plays the lister's part, without queues: rounds over a store, at a time that the test sets. `found` gets all keys, of
 * rounds that break off, too.
 */
export const bucketRounds = (
  store: CountedStore,
  search: Partial<BucketSearch>,
  { now, ledger = memoryLedger(), found: all = [] }: { now: () => number; ledger?: ListingLedger; found?: string[] },
): Rounds => {
  const settings = { root: "", sinceMs: undefined, lateMs: 6 * 3_600_000, sweepEveryMs: 3_600_000, ...search };
  const objectStore = {
    name: "s3://bucket",
    listPage: store.list,
    read: () => {
      throw new Error("nothing is read here");
    },
  };
  const finder = bucketFinder(objectStore, settings, now);
  let birth: string | undefined;

  const round = async () => {
    const found: string[] = [];
    store.countRequests();
    const opened = await ledger.open();
    const isFresh = opened.birth !== birth;
    birth = opened.birth;
    for await (const find of finder.round({ marks: opened.marks, isFresh }, new AbortController().signal)) {
      if (find.kind === "scope") await ledger.advance(find.scope, { reachedMs: 0, takenBeforeMs: 0 });
      if (find.kind === "swept" && !(await ledger.sweepTo(find.from, find.to))) break;
      if (find.kind === "sweep-ended") {
        if (!(await ledger.sweepTo(find.from, ""))) break;
        await ledger.advance("", find.mark);
      }
      if (find.kind !== "objects") continue;
      const keys = new Map<FileId, string>();
      const files = find.objects.map(({ object, atMs }) => {
        const id = fileId("c", object.uri, object.version);
        keys.set(id, object.key);
        return { id, atMs };
      });
      const { unseen } = await ledger.take(find.scope, files);
      for (const id of unseen) {
        found.push(keys.get(id) ?? "");
        all.push(keys.get(id) ?? "");
        await ledger.finish(id);
      }
      if (find.mark) await ledger.advance(find.scope, find.mark);
    }
    return { found, requests: store.countRequests() };
  };
  return { round, finder };
};
