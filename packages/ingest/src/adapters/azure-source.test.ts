import { BlobServiceClient } from "@azure/storage-blob";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { startStoreProxy, type StoreProxy } from "../testing/store-proxy.ts";
import { startStoreServer } from "../testing/store-server.ts";
import { azureStore } from "./azure-source.ts";
import { bucketSource } from "./bucket-source.ts";
import { sourceContract, testPatience } from "./source-contract.ts";

let proxy: StoreProxy | undefined;
const running = () => {
  if (!proxy) throw new Error("the proxy runs only inside of tests");
  return proxy;
};

/** Azurite's account and key are the same everywhere, and public. */
const connectionString = (url: string): string =>
  `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;BlobEndpoint=${url}/devstoreaccount1;AccountKey=` +
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const storeOf = (container: string) =>
  azureStore({ container, access: { connectionString: new Secret(connectionString(running().url)) } }, testPatience);

sourceContract(
  "an Azure container",
  async () => {
    const server = await startStoreServer("azure");
    proxy = await startStoreProxy(server.url);
    const client = BlobServiceClient.fromConnectionString(connectionString(server.url));
    let containers = 0;
    return {
      fresh: async () => {
        const container = client.getContainerClient(`container-${containers++}`);
        await container.create();
        const store = storeOf(container.containerName);
        return {
          store,
          source: bucketSource(store),
          put: async (key, content) => void (await container.getBlockBlobClient(key).uploadData(content)),
          remove: async (key) => void (await container.deleteBlob(key)),
        };
      },
      missing: () => ({
        source: bucketSource(storeOf("no-such-container")),
        name: "The container no-such-container does not exist in this account: create it",
      }),
      close: async () => {
        await proxy?.close();
        await server.close();
      },
    };
  },
  {
    proxy: running,
    throttled: { status: 503, headers: { "x-ms-error-code": "ServerBusy", "retry-after": "0" } },
    denied: { status: 403, headers: { "x-ms-error-code": "AuthorizationPermissionMismatch" } },
  },
);
