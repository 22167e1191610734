export interface GroupCommitOptions<Item> {
  /** Resolves when all of them are stored for good; they are in the order in which they came. */
  store: (items: readonly Item[]) => Promise<void>;
  /** What an item takes of a group, which has room for 1; a larger one is stored alone. */
  shareOf: (item: Item) => number;
}

interface Group<Item> {
  items: Item[];
  /** The shares of its items. */
  full: number;
  stored: PromiseWithResolvers<void>;
}

/**
 * Group commit: one group is stored at a time, and what comes meanwhile is stored together next. So nothing waits for
 * others while little comes, and the more comes, the less a single one costs. The answer resolves, or rejects, with the
 * group that the item is in; a group that cannot be stored does not keep the next one.
 */
export const groupCommit = <Item>({ store, shareOf }: GroupCommitOptions<Item>): ((item: Item) => Promise<void>) => {
  const waiting: Group<Item>[] = [];
  let isStoring = false;

  const storeAll = async (): Promise<void> => {
    isStoring = true;
    for (let group = waiting.shift(); group; group = waiting.shift())
      await store(group.items).then(group.stored.resolve, group.stored.reject);
    isStoring = false;
  };

  return (item) => {
    const share = shareOf(item);
    let group = waiting.at(-1);
    if (!group || group.full + share > 1) {
      group = { items: [], full: 0, stored: Promise.withResolvers<void>() };
      waiting.push(group);
    }
    group.items.push(item);
    group.full += share;
    if (!isStoring) void storeAll();
    return group.stored.promise;
  };
};
