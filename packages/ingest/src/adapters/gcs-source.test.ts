import { type GcsServer, startGcsServer } from "../testing/gcs-server.ts";
import { startStoreProxy, type StoreProxy } from "../testing/store-proxy.ts";
import { bucketSource } from "./bucket-source.ts";
import { gcsStore } from "./gcs-source.ts";
import { sourceContract, testPatience } from "./source-contract.ts";

let proxy: StoreProxy | undefined;
const running = () => {
  if (!proxy) throw new Error("the proxy runs only inside of tests");
  return proxy;
};

const storeOf = (bucket: string) => gcsStore({ bucket, endpoint: running().url, anonymous: true }, testPatience);

const jsonAnswer = (code: number, message: string) => ({
  status: code,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: { code, message } }),
});

sourceContract(
  "a bucket of Google Cloud Storage",
  async () => {
    const server: GcsServer = await startGcsServer();
    proxy = await startStoreProxy(server.url);
    let buckets = 0;
    return {
      fresh: async () => {
        const bucket = `bucket-${buckets++}`;
        server.createBucket(bucket);
        const store = storeOf(bucket);
        return {
          store,
          source: bucketSource(store),
          put: async (key, content) => server.put(bucket, key, content),
          remove: async (key) => server.remove(bucket, key),
        };
      },
      missing: () => ({
        source: bucketSource(storeOf("no-such-bucket")),
        name: "The bucket no-such-bucket does not exist: create it",
      }),
      close: async () => {
        await proxy?.close();
        await server.close();
      },
    };
  },
  {
    proxy: running,
    throttled: jsonAnswer(429, "The project exceeded the rate limit."),
    denied: jsonAnswer(403, "relay@project does not have storage.objects.list access."),
  },
);
