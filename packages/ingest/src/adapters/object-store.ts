import type { ListPage, ListQuery } from "../core/listing.ts";
import type { Source, SourceObject } from "../ports.ts";

/** A bucket (Azure: a container): what a Source of many objects needs of S3, GCS or Azure Blob. */
export interface ObjectStore {
  /** As a person would write it: `s3://bucket`. */
  name: string;
  /** One page of a listing, in the order of the keys. Throws SourceUnavailable, with a sentence for the operator. */
  listPage: (query: ListQuery, signal: AbortSignal) => Promise<ListPage<SourceObject>>;
  /** As of any source. Throws ObjectChanged and SourceUnavailable. */
  read: Source["read"];
}
