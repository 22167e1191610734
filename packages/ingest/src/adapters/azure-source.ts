import type { BlobItem, ContainerClient, StoragePipelineOptions } from "@azure/storage-blob";
import type { Secret } from "@currents-relay/shared/config/secret.ts";
import { Readable } from "node:stream";
import type { ListPage, ListQuery } from "../core/listing.ts";
import type { SourceObject } from "../ports.ts";
import { azureFaultOf } from "./azure-source-fault.ts";
import type { ObjectStore } from "./object-store.ts";
import { onceConnected } from "@currents-relay/shared/stores/once-connected.ts";
import { type Patience, patientStore, type StoreClient } from "./patient-store.ts";

export interface AzureSettings {
  container: string;
  /** How to get in. */
  access:
    | { connectionString: Secret }
    /** Of the account or of the container, with the shared access signature in its query. */
    | { sasUrl: Secret }
    /** Workload or managed identity (environment and Azure CLI as well); `account`: its name, or the blob endpoint. */
    | { account: string; managedIdentityClientId?: string | undefined };
}

/** A container of Azure Blob Storage. Azure's clients are loaded at the first request. */
export const azureStore = (settings: AzureSettings, patience?: Patience): ObjectStore =>
  patientStore(azureClient(settings), patience);

const azureClient = (settings: AzureSettings): StoreClient => {
  const name = `azure://${accountOf(settings.access)}/${settings.container}`;
  const connection = onceConnected(() => connect(settings));
  return {
    name,
    faultOf: (error, during) => azureFaultOf(error, { container: settings.container, during }),
    listPage: async (query, signal) => listPage(await connection(), query, signal),
    open: async ({ key, version }, fromByte, signal) => {
      const container = await connection();
      const { readableStreamBody } = await container.getBlobClient(key).download(fromByte, undefined, {
        abortSignal: signal,
        conditions: { ifMatch: version },
        maxRetryRequests: 0, // patient-store.ts goes on where a connection broke
      });
      if (!(readableStreamBody instanceof Readable)) throw new Error("Azure answered without a body");
      return readableStreamBody;
    },
  };
};

const connect = async ({ container, access }: AzureSettings): Promise<ContainerClient> => {
  const { BlobServiceClient, ContainerClient } = await import("@azure/storage-blob");
  const options: StoragePipelineOptions = { retryOptions: { maxTries: 1 } }; // patient-store.ts is the one that waits
  if ("connectionString" in access)
    return BlobServiceClient.fromConnectionString(access.connectionString.reveal(), options).getContainerClient(
      container,
    );
  if ("sasUrl" in access)
    return new ContainerClient(containerUrl(access.sasUrl.reveal(), container), undefined, options);
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { account, managedIdentityClientId } = access;
  const endpoint = account.includes("://") ? account : `https://${account}.blob.core.windows.net`;
  const credential = new DefaultAzureCredential(
    managedIdentityClientId === undefined ? {} : { managedIdentityClientId },
  );
  return new BlobServiceClient(endpoint, credential, options).getContainerClient(container);
};

/** For people, and to tell accounts apart; without anything secret. */
const accountOf = (access: AzureSettings["access"]): string => {
  if ("connectionString" in access)
    return /(?:^|;)AccountName=([^;]+)/i.exec(access.connectionString.reveal())?.[1] ?? "account";
  const address = "sasUrl" in access ? access.sasUrl.reveal() : access.account;
  return URL.parse(address)?.hostname.replace(/\.blob\..*$/, "") ?? address.replace(/[?/].*$/s, "");
};

/** A signature may be the account's or the container's; the address is then without or with the container. */
const containerUrl = (sasUrl: string, container: string): string => {
  const url = new URL(sasUrl);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith(`/${container}`) ? path : `${path}/${container}`;
  return url.href;
};

const listPage = async (
  container: ContainerClient,
  { prefix, delimiter, startAfter, limit, token }: ListQuery,
  signal: AbortSignal,
): Promise<ListPage<SourceObject>> => {
  const options = {
    prefix,
    abortSignal: signal,
    includeMetadata: true,
    ...(startAfter !== undefined && { startFrom: startAfter }),
  };
  const at = {
    ...(limit !== undefined && { maxPageSize: limit }),
    ...(token !== undefined && { continuationToken: token }),
  };
  const pages = delimiter
    ? container.listBlobsByHierarchy(delimiter, options).byPage(at)
    : container.listBlobsFlat(options).byPage(at);
  const { value } = await pages[Symbol.asyncIterator]().next();
  if (value === undefined) return { objects: [], prefixes: [] };
  const { blobItems, blobPrefixes = [] }: { blobItems: BlobItem[]; blobPrefixes?: { name: string }[] } = value.segment;
  const objects = blobItems
    // startFrom is inclusive, and older services do not know it.
    .filter((blob) => !isFolder(blob) && (startAfter === undefined || isBehind(blob.name, startAfter)))
    .map(({ name, properties }) => ({
      key: name,
      uri: `azure://${container.accountName}/${container.containerName}/${name}`,
      version: properties.etag,
      bytes: properties.contentLength ?? 0,
      landedAtMs: properties.lastModified.getTime(),
    }));
  const next = value.continuationToken;
  return { objects, prefixes: blobPrefixes.map(({ name }) => name), ...(next && { next }) };
};

const isBehind = (key: string, other: string): boolean => Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;

/** Accounts with a hierarchical namespace list their folders as blobs without content. */
const isFolder = ({ metadata }: BlobItem): boolean => metadata?.["hdi_isfolder"] === "true";
