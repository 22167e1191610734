import type { Bucket, StorageOptions } from "@google-cloud/storage";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { ListPage } from "../core/listing.ts";
import type { SourceObject } from "../ports.ts";
import { gcsFaultOf, GcsRefusal } from "./gcs-source-fault.ts";
import type { ObjectStore } from "./object-store.ts";
import { onceConnected } from "@currents-relay/shared/stores/once-connected.ts";
import { type Patience, patientStore, type StoreClient } from "./patient-store.ts";

export interface GcsSettings {
  bucket: string;
  /** The key file of a service account. Default: application default credentials. */
  keyFile?: string | undefined;
  /** Default: Google's. */
  endpoint?: string | undefined;
  /** True: no credentials are sent (an emulator). */
  anonymous?: boolean | undefined;
  /** The project that pays for the requests, if the bucket wants the requester to. */
  userProject?: string | undefined;
}

/** A bucket of Google Cloud Storage. Google's client is loaded at the first request. */
export const gcsStore = (settings: GcsSettings, patience?: Patience): ObjectStore =>
  patientStore(gcsClient(settings), patience);

const gcsClient = (settings: GcsSettings): StoreClient => {
  const name = `gs://${settings.bucket}`;
  const connection = onceConnected(() => connect(settings));
  return {
    name,
    faultOf: (error, during) => gcsFaultOf(error, { bucket: settings.bucket, during }),
    listPage: async ({ prefix, delimiter, startAfter, limit, token }) => {
      const bucket = await connection();
      const [, , answer] = await bucket.getFiles({
        autoPaginate: false,
        prefix,
        fields: "items(name,generation,size,updated),prefixes,nextPageToken",
        ...(delimiter !== undefined && { delimiter }),
        ...(startAfter !== undefined && { startOffset: startAfter }),
        ...(limit !== undefined && { maxResults: limit }),
        ...(token !== undefined && { pageToken: token }),
      });
      // The raw answer of objects.list, with the fields that were asked for.
      return pageOf(name, answer as ObjectsList, startAfter);
    },
    open: async (object, fromByte, signal) => openAt(settings, await connection(), { object, fromByte }, signal),
  };
};

const connect = async ({ bucket, keyFile, endpoint, anonymous, userProject }: GcsSettings): Promise<Bucket> => {
  const { Storage } = await import("@google-cloud/storage");
  const options: StorageOptions = {
    retryOptions: { autoRetry: false, maxRetries: 0 }, // patient-store.ts is the one that waits
    ...(keyFile !== undefined && { credentials: await readKey(keyFile) }),
    ...(endpoint !== undefined && { apiEndpoint: endpoint, useAuthWithCustomEndpoint: !anonymous }),
  };
  return new Storage(options).bucket(bucket, userProject === undefined ? {} : { userProject });
};

const readKey = async (keyFile: string): Promise<NonNullable<StorageOptions["credentials"]>> =>
  // Google's library checks what is in it.
  JSON.parse(await readFile(keyFile, "utf8")) as NonNullable<StorageOptions["credentials"]>;

/** JSON API, objects.list. */
interface ObjectsList {
  items?: { name: string; generation: string; size: string; updated: string }[];
  prefixes?: string[];
  nextPageToken?: string;
}

const pageOf = (store: string, answer: ObjectsList, startAfter?: string): ListPage<SourceObject> => ({
  objects: (answer.items ?? [])
    // startOffset is inclusive.
    .filter(({ name }) => name !== startAfter)
    .map(({ name, generation, size, updated }) => ({
      key: name,
      uri: `${store}/${name}`,
      version: generation,
      bytes: Number(size),
      landedAtMs: Date.parse(updated),
    })),
  prefixes: answer.prefixes ?? [],
  ...(answer.nextPageToken !== undefined && { next: answer.nextPageToken }),
});

/**
 * One generation is one content: where it was replaced, this get finds nothing (404). A plain request, because the
 * client's own stream cannot be told to stop before its answer, and warns of leaked listeners at each read.
 */
const openAt = async (
  { bucket, anonymous, userProject }: GcsSettings,
  { storage }: Bucket,
  { object, fromByte }: { object: SourceObject; fromByte: number },
  signal: AbortSignal,
): Promise<Readable> => {
  const path = `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(object.key)}`;
  const url = new URL(path, storage.apiEndpoint);
  url.search = new URLSearchParams({
    alt: "media",
    generation: object.version,
    ...(userProject !== undefined && { userProject }),
  }).toString();
  const headers = new Headers(anonymous ? {} : await storage.authClient.getRequestHeaders(url.href));
  headers.set("range", `bytes=${fromByte}-`);
  headers.set("accept-encoding", "identity");
  const answer = await fetch(url, { headers, signal });
  if (!answer.ok || !answer.body) throw new GcsRefusal((await answer.text()) || `answered ${answer.status}`, answer);
  if (fromByte > 0 && answer.status !== 206) throw new Error("the store does not answer ranged gets");
  // The two types of web streams, the browser's and Node's, are one class in Node.
  return Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
};
