import { pagesOf } from "../core/listing.ts";
import { isIgnoredKey } from "../core/object-key.ts";
import type { Source } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";

/** The prefix as a folder: "" or with one "/" at its end, and none at its begin. */
export const rootOf = (prefix: string): string => {
  const bare = prefix.replaceAll(/^\/+|\/+$/g, "");
  return bare === "" ? "" : `${bare}/`;
};

/** All of a bucket below a prefix, in the order of the keys: one request for each 1,000 objects. */
export const bucketSource = (store: ObjectStore, prefix = ""): Source => ({
  list: async function* (signal) {
    const list = (query: Parameters<typeof store.listPage>[0]) => store.listPage(query, signal);
    const root = rootOf(prefix);
    for await (const { objects } of pagesOf(list, { prefix: root }))
      for (const object of objects) {
        signal.throwIfAborted();
        if (!isIgnoredKey(object.key, root)) yield object;
      }
  },
  read: store.read,
});
