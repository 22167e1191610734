import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { ListeningServer } from "../testing/listening-server.ts";
import { startStoreServer } from "../testing/store-server.ts";
import { azureStore } from "./azure-source.ts";
import { testPatience } from "./source-contract.ts";

const signal = new AbortController().signal;
/** Azurite's account and key are the same everywhere, and public. */
const account = new StorageSharedKeyCredential(
  "devstoreaccount1",
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
);

describe("access to an Azure container", () => {
  let server: ListeningServer;
  let accountUrl: string;
  beforeAll(async () => {
    server = await startStoreServer("azure");
    accountUrl = `${server.url}/devstoreaccount1`;
    const container = new BlobServiceClient(accountUrl, account).getContainerClient("exports");
    await container.create();
    await container.getBlockBlobClient("a.avro").uploadData(Buffer.from("content"));
  }, 30_000);
  afterAll(() => server.close());

  const signature = (permissions: string): string => {
    const values = {
      containerName: "exports",
      permissions: ContainerSASPermissions.parse(permissions),
      expiresOn: new Date(Date.now() + 3_600_000),
    };
    return generateBlobSASQueryParameters(values, account).toString();
  };
  const storeWith = (sasUrl: string) =>
    azureStore({ container: "exports", access: { sasUrl: new Secret(sasUrl) } }, testPatience);
  const list = async (sasUrl: string) => (await storeWith(sasUrl).listPage({ prefix: "" }, signal)).objects;

  it("is had with a signed address, of the account or of the container", async () => {
    for (const path of ["", "/", "/exports"]) {
      const objects = await list(`${accountUrl}${path}?${signature("rl")}`);
      expect(objects.map(({ uri }) => uri)).toEqual(["azure://devstoreaccount1/exports/a.avro"]);
    }
  });

  it("with a signature that may not list is a fault that says what to grant, without the signature", async () => {
    const sas = signature("r");
    const fault: unknown = await list(`${accountUrl}?${sas}`).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SourceUnavailable);
    expect(fault).toMatchObject({ code: "AccessDenied", message: expect.stringContaining("Storage Blob Data Reader") });
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(new URLSearchParams(sas).get("sig"));
  });

  it("is named after the account, without what is secret", () => {
    const access = [
      { account: "acme" },
      { account: "https://acme.blob.core.windows.net" },
      { sasUrl: new Secret("https://acme.blob.core.windows.net/exports?sig=secret") },
      { connectionString: new Secret("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=secret") },
    ];
    for (const one of access)
      expect(azureStore({ container: "exports", access: one }).name).toBe("azure://acme/exports");
  });

  it("to an account that is not there is a fault without the signature", async () => {
    const sas = signature("rl");
    const fault: unknown = await list(`http://127.0.0.1:1/devstoreaccount1?${sas}`).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      message: expect.stringMatching(/azure:\/\/127\.0\.0\.1\/exports cannot be listed: .*ECONNREFUSED/),
    });
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain("sig=");
  });
});
