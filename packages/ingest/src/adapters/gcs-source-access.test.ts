import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { type GcsServer, startGcsServer } from "../testing/gcs-server.ts";
import { bucketSource } from "./bucket-source.ts";
import { gcsStore } from "./gcs-source.ts";
import { testPatience } from "./source-contract.ts";

const signal = new AbortController().signal;
const email = "relay@project.iam.gserviceaccount.com";

describe("access to a bucket of Google Cloud Storage", () => {
  let server: GcsServer;
  let folder: string;
  beforeAll(async () => {
    server = await startGcsServer();
    server.createBucket("bucket");
    server.put("bucket", "a.avro", Buffer.from("content"));
    folder = await mkdtemp(join(tmpdir(), "relay-gcs-"));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sourceWith = (keyFile: string) =>
    bucketSource(gcsStore({ bucket: "bucket", endpoint: server.url, keyFile }, testPatience));

  it("is had with the key file of a service account, for listing and for reading", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keyFile = join(folder, "key.json");
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" });
    // Outside of Google's own universe the key signs the requests itself, without a token server.
    const universe_domain = "universe.example";
    const key = { type: "service_account", private_key_id: "1", private_key, client_email: email, universe_domain };
    await writeFile(keyFile, JSON.stringify(key));
    server.authorizations.length = 0;
    const source = sourceWith(keyFile);
    const [object] = await collected(source.list(signal));
    if (!object) throw new Error("nothing was listed");
    expect(Buffer.concat(await collected(source.read(object, 3, signal))).toString()).toBe("tent");
    expect(server.authorizations).toHaveLength(2);
    for (const authorization of server.authorizations) {
      const [, claims = ""] = authorization?.split(".") ?? [];
      expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({ iss: email });
    }
  });

  it("without the key file that is named is a fault that says what to do", async () => {
    await expect(collected(sourceWith(join(folder, "nowhere.json")).list(signal))).rejects.toThrow(
      /gs:\/\/bucket cannot be listed: .*key file/,
    );
  });
});
