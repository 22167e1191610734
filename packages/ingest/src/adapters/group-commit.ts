import { unlessAborted } from "@currents-relay/shared/runtime/redis-trouble.ts";

export interface GroupCommitOptions<Item> {
  /** Resolves when all of them are stored for good; they are in the order in which they came. */
  store: (items: readonly Item[]) => Promise<void>;
  /** What an item takes of a group, which has room for 1; a larger one is stored alone. */
  shareOf: (item: Item) => number;
}

interface Group<Item> {
  items: Set<Item>;
  /** The shares of its items. */
  full: number;
  stored: PromiseWithResolvers<void>;
}

/**
 * Group commit: one group is stored at a time, and what comes meanwhile is stored together next. So nothing waits for
 * others while little comes, and the more comes, the less a single one costs. The answer resolves, or rejects, with the
 * group that the item is in; a group that cannot be stored does not keep the next one. What nobody waits for any more
 * (`signal` aborted) while it waits for its turn is not stored, nor held.
 */
export const groupCommit = <Item>({
  store,
  shareOf,
}: GroupCommitOptions<Item>): ((item: Item, signal: AbortSignal) => Promise<void>) => {
  const waiting: Group<Item>[] = [];
  let isStoring = false;

  const storeAll = async (): Promise<void> => {
    isStoring = true;
    for (let group = waiting.shift(); group; group = waiting.shift()) {
      const items = [...group.items];
      group.items.clear();
      await (items.length === 0 ? Promise.resolve() : store(items)).then(group.stored.resolve, group.stored.reject);
    }
    isStoring = false;
  };

  const groupFor = (share: number): Group<Item> => {
    const last = waiting.at(-1);
    if (last && last.full + share <= 1) return last;
    const group = { items: new Set<Item>(), full: 0, stored: Promise.withResolvers<void>() };
    waiting.push(group);
    return group;
  };

  return async (item, signal) => {
    signal.throwIfAborted();
    const share = shareOf(item);
    const group = groupFor(share);
    group.items.add(item);
    group.full += share;
    const leave = () => {
      if (group.items.delete(item)) group.full -= share;
    };
    signal.addEventListener("abort", leave, { once: true });
    if (!isStoring) void storeAll();
    try {
      await unlessAborted(signal, group.stored.promise);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
};
