/** What finding new objects needs to know of one. */
export interface Listed {
  key: string;
  /** When it was last written (UNIX ms), by the store's own clock. */
  landedAtMs: number;
}

/** Which part of a bucket to list, in the order of the keys. */
export interface ListQuery {
  prefix: string;
  /** Gives what lies deeper as `prefixes`, once each. */
  delimiter?: "/";
  /** Only keys behind this one. */
  startAfter?: string;
  /** At most so many objects and prefixes a page; default: what the store gives (1,000; Azure 5,000). */
  limit?: number;
  /** The `next` of the page before, with the rest of the query unchanged. */
  token?: string;
}

/** One answer of a store. */
export interface ListPage<Item> {
  objects: Item[];
  prefixes: string[];
  /** Asks for the page behind; missing on the last one. */
  next?: string;
}

export type ListObjects<Item> = (query: ListQuery) => Promise<ListPage<Item>>;

/** All pages of a query, one request each. */
export async function* pagesOf<Item>(list: ListObjects<Item>, query: ListQuery): AsyncGenerator<ListPage<Item>> {
  for (let token: string | undefined; ;) {
    const page = await list(token === undefined ? query : { ...query, token });
    yield page;
    token = page.next;
    if (token === undefined) return;
  }
}
