import type { S3Settings } from "@currents-relay/shared/stores/s3-connection.ts";
import type { Source, SourceObject } from "../ports.ts";
import { type AzureSettings, azureStore } from "./azure-source.ts";
import { bucketSource, rootOf } from "./bucket-source.ts";
import type { Finder } from "./finder.ts";
import { folderSource } from "./folder-source.ts";
import { type GcsSettings, gcsStore } from "./gcs-source.ts";
import { bucketFinder } from "./lister-bucket.ts";
import { folderFinder } from "./lister-folder.ts";
import type { ObjectStore } from "./object-store.ts";
import { s3Store } from "./s3-source.ts";

/** How a bucket is searched, as the configuration says it. */
interface BucketPlace {
  prefix: string;
  sinceMs?: number | undefined;
  lateWindowMs: number;
  fullListingMs: number;
}

/** A `source:` of the configuration that is listed. */
export type SourceSettings =
  | { type: "folder"; path: string; sinceMs?: number | undefined }
  | (S3Settings & BucketPlace & { type: "s3" })
  | (GcsSettings & BucketPlace & { type: "gcs" })
  | (AzureSettings & BucketPlace & { type: "azure" });

export interface ConnectorSource {
  /** What is read, as a person would write it: the ledger belongs to it. */
  name: string;
  source: Source;
  finder: Finder;
  /**
   * Rejects with a sentence for the operator when the source cannot be listed, or an object of it cannot be read. Two
   * requests, whatever its size.
   */
  probe: (signal: AbortSignal) => Promise<void>;
}

/** `isThorough`: the first round is to find everything that is there (a run that ends by itself). */
export const connectorSource = (settings: SourceSettings, { isThorough = false } = {}): ConnectorSource => {
  if (settings.type === "folder") {
    const source = folderSource(settings.path);
    const finder = folderFinder(source, { sinceMs: settings.sinceMs });
    return { name: settings.path, source, finder, probe: (signal) => probe(source.list(signal), source, signal) };
  }
  const store = storeOf(settings);
  const { prefix, sinceMs, lateWindowMs: lateMs, fullListingMs: sweepEveryMs } = settings;
  const root = rootOf(prefix);
  return {
    name: `${store.name}/${root}`,
    source: bucketSource(store, prefix),
    finder: bucketFinder(store, { root, sinceMs, lateMs, sweepEveryMs, isThorough }),
    probe: async (signal) => probe((await store.listPage({ prefix: root, limit: 1 }, signal)).objects, store, signal),
  };
};

const storeOf = (settings: Exclude<SourceSettings, { type: "folder" }>): ObjectStore => {
  switch (settings.type) {
    case "s3":
      return s3Store(settings);
    case "gcs":
      return gcsStore(settings);
    case "azure":
      return azureStore(settings);
  }
};

const probe = async (
  objects: Iterable<SourceObject> | AsyncIterable<SourceObject>,
  { read }: Pick<Source, "read">,
  signal: AbortSignal,
): Promise<void> => {
  for await (const object of objects) {
    // The right to list is not the right to read. One piece is enough, of one object.
    for await (const _ of read(object, 0, signal)) break;
    return;
  }
};
