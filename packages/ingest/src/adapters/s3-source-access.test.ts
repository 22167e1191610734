import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import { type ListeningServer, listening } from "../testing/listening-server.ts";
import { startStoreServer } from "../testing/store-server.ts";
import type { S3Settings } from "@currents-relay/shared/stores/s3-connection.ts";
import { s3Store } from "./s3-source.ts";
import { testPatience } from "./source-contract.ts";

const signal = new AbortController().signal;
const keysOf = async (settings: S3Settings) =>
  (await s3Store(settings, testPatience).listPage({ prefix: "" }, signal)).objects.map(({ key }) => key);

describe("access to an S3 bucket", () => {
  let store: ListeningServer;
  let sts: ListeningServer;
  let asked: URLSearchParams[] = [];
  beforeAll(async () => {
    store = await startStoreServer("s3");
    const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
    const client = new S3Client({ endpoint: store.url, region: "us-east-1", forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "a.avro", Body: "x" }));
    client.destroy();
    sts = await listening(
      createServer((request, answer) => {
        let body = "";
        request.on("data", (piece: Buffer) => (body += piece.toString()));
        request.on("end", () => {
          asked.push(new URLSearchParams(body));
          answer.setHeader("content-type", "text/xml").end(assumedRole);
        });
      }),
    );
  }, 30_000);
  afterAll(() => Promise.all([store.close(), sts.close()]));

  const settings = (accessKeyId = "S3RVER", secretAccessKey = "S3RVER"): S3Settings => ({
    bucket: "bucket",
    region: "us-east-1",
    endpoint: store.url,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
  });

  it("is had with keys", async () => {
    expect(await keysOf(settings())).toEqual(["a.avro"]);
  });

  it("is had with the keys of a role that is taken on, with its external id", async () => {
    asked = [];
    const assumeRole = { roleArn: "arn:aws:iam::1:role/relay", externalId: "braze-1", endpoint: sts.url };
    expect(await keysOf({ ...settings("OTHER", "and its secret"), assumeRole })).toEqual(["a.avro"]);
    expect(asked).toHaveLength(1);
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
      Action: "AssumeRole",
      RoleArn: "arn:aws:iam::1:role/relay",
      ExternalId: "braze-1",
      RoleSessionName: "currents-relay",
    });
  });

  it("with wrong keys is a fault that says so, without the keys", async () => {
    const fault: unknown = await keysOf(settings("WRONG", "wrong-and-secret")).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SourceUnavailable);
    expect(fault).toMatchObject({ code: "AccessDenied", message: expect.stringContaining("renew them") });
    expect(JSON.stringify(fault, Object.getOwnPropertyNames(fault))).not.toContain("wrong-and-secret");
  });

  it("to a store that is not there is a fault that names the bucket and what happened", async () => {
    const closed = await listening(createServer());
    await closed.close();
    await expect(keysOf({ ...settings(), endpoint: closed.url })).rejects.toThrow(
      /^s3:\/\/bucket cannot be listed: .*ECONNREFUSED.*tried 4 times/,
    );
  });
});

const assumedRole = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>A:relay</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/relay/relay</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>S3RVER</AccessKeyId><SecretAccessKey>S3RVER</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>`;
