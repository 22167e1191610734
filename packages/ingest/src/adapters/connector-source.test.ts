import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { type GcsServer, startGcsServer } from "../testing/gcs-server.ts";
import { connectorSource, type SourceSettings } from "./connector-source.ts";

const signal = new AbortController().signal;

describe("the source of a connector", () => {
  let server: GcsServer;
  let folder: string;
  beforeAll(async () => {
    server = await startGcsServer();
    server.createBucket("bucket");
    for (const key of ["exports/a.avro", "b.avro"]) server.put("bucket", key, Buffer.from("x"));
    folder = await mkdtemp(join(tmpdir(), "relay-source-"));
    await writeFile(join(folder, "a.avro"), "x");
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bucket = (prefix: string, name = "bucket"): SourceSettings => ({
    type: "gcs",
    bucket: name,
    endpoint: server.url,
    anonymous: true,
    prefix,
    lateWindowMs: 1,
    fullListingMs: 1,
  });
  const found = async (settings: SourceSettings) => {
    const keys: string[] = [];
    const ledger = { marks: { scopes: new Map(), sweep: undefined }, isFresh: true };
    for await (const find of connectorSource(settings).finder.round(ledger, signal))
      if (find.kind === "objects") keys.push(...find.objects.map(({ object }) => object.key));
    return keys;
  };

  it("is a folder or a bucket, with one way to find and to read", async () => {
    expect(await found({ type: "folder", path: folder })).toEqual(["a.avro"]);
    expect(await found(bucket(""))).toEqual(["b.avro", "exports/a.avro"]);
    const { source } = connectorSource(bucket(""));
    const [object] = await collected(source.list(signal));
    if (!object) throw new Error("nothing was listed");
    expect(Buffer.concat(await collected(source.read(object, 0, signal))).toString()).toBe("x");
  });

  it.each(["exports", "/exports", "exports/"])("of a prefix is all below it, written %j", async (prefix) => {
    expect(connectorSource(bucket(prefix)).name).toBe("gs://bucket/exports/");
    expect(await found(bucket(prefix))).toEqual(["exports/a.avro"]);
  });

  it("is probed with one listing and one read, and says what is wrong", async () => {
    server.authorizations.length = 0;
    await connectorSource(bucket("")).probe(signal);
    expect(server.authorizations).toHaveLength(2);
    await connectorSource({ type: "folder", path: folder }).probe(signal);
    await expect(connectorSource(bucket("", "no-such-bucket")).probe(signal)).rejects.toThrow(
      "The bucket no-such-bucket does not exist",
    );
    await expect(connectorSource({ type: "folder", path: join(folder, "no") }).probe(signal)).rejects.toThrow(
      "cannot be listed",
    );
  });
});
