import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { startStoreProxy, type StoreProxy } from "../testing/store-proxy.ts";
import { startStoreServer } from "../testing/store-server.ts";
import { bucketSource } from "./bucket-source.ts";
import type { S3Settings } from "@currents-relay/shared/stores/s3-connection.ts";
import { s3Store } from "./s3-source.ts";
import { sourceContract, testPatience } from "./source-contract.ts";

let proxy: StoreProxy | undefined;
const running = () => {
  if (!proxy) throw new Error("the proxy runs only inside of tests");
  return proxy;
};

const settings = (bucket: string, endpoint = running().url): S3Settings => ({
  bucket,
  region: "us-east-1",
  endpoint,
  forcePathStyle: true,
  credentials: { accessKeyId: "S3RVER", secretAccessKey: new Secret("S3RVER") },
});

const errorOf = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}.</Message></Error>`;

sourceContract(
  "an S3 bucket",
  async () => {
    const server = await startStoreServer("s3");
    proxy = await startStoreProxy(server.url);
    const client = new S3Client({
      endpoint: server.url,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
    });
    let buckets = 0;
    return {
      fresh: async () => {
        const Bucket = `bucket-${buckets++}`;
        await client.send(new CreateBucketCommand({ Bucket }));
        const store = s3Store(settings(Bucket), testPatience);
        return {
          store,
          source: bucketSource(store),
          put: async (Key, Body) => void (await client.send(new PutObjectCommand({ Bucket, Key, Body }))),
          remove: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket, Key }))),
        };
      },
      missing: () => ({
        source: bucketSource(s3Store(settings("no-such-bucket"), testPatience)),
        name: "The bucket no-such-bucket does not exist there: create it",
      }),
      close: async () => {
        client.destroy();
        await proxy?.close();
        await server.close();
      },
    };
  },
  {
    proxy: running,
    throttled: { status: 503, headers: { "content-type": "application/xml" }, body: errorOf("SlowDown") },
    denied: { status: 403, headers: { "content-type": "application/xml" }, body: errorOf("AccessDenied") },
  },
);
