import { expect, it } from "vitest";
import { azureFaultOf } from "./azure-source-fault.ts";
import { gcsFaultOf } from "./gcs-source-fault.ts";
import { s3FaultOf } from "./s3-source-fault.ts";
import { retryAfterMs, said } from "./store-fault.ts";

const s3 = (Code: string, httpStatusCode?: number, headers = {}) =>
  Object.assign(new Error(Code), { Code, $metadata: { httpStatusCode }, $response: { headers } });
const azure = (code: string, statusCode?: number, name = "RestError") =>
  Object.assign(new Error(code), { name, code, statusCode });
const gcs = (code: number | string | undefined, message = "said") => Object.assign(new Error(message), { code });

it.each([
  ["an object that is gone", s3("NoSuchKey", 404), "read", "gone"],
  ["an object that was replaced", s3("PreconditionFailed", 412), "read", "changed"],
  ["a bucket that is gone while reading", s3("NoSuchBucket", 404), "read", "refused"],
  ["a bucket that is gone", s3("NoSuchBucket", 404), "list", "refused"],
  ["a bucket elsewhere", s3("PermanentRedirect", 301), "list", "refused"],
  ["a denied bucket", s3("AccessDenied", 403), "list", "denied"],
  ["a denied object", s3("AccessDenied", 403), "read", "denied"],
  ["an expired token", s3("ExpiredToken", 400), "list", "denied"],
  ["no credentials", Object.assign(new Error("none"), { name: "CredentialsProviderError" }), "list", "denied"],
  ["a request to slow down", s3("SlowDown", 503), "read", "later"],
  ["a fault of the server", s3("InternalError", 500), "list", "later"],
  ["a clock that is off for a moment", s3("RequestTimeTooSkewed", 403), "list", "later"],
  ["a broken connection", new Error("socket hang up"), "read", "later"],
] as const)("S3: %s", (_, error, during, kind) => {
  expect(s3FaultOf(error, { bucket: "b", during }).kind).toBe(kind);
});

it.each([
  ["an object that is gone", azure("BlobNotFound", 404), "read", "gone"],
  ["an object that was replaced", azure("ConditionNotMet", 412), "read", "changed"],
  ["a container that is gone", azure("ContainerNotFound", 404), "list", "refused"],
  ["a container that is gone while reading", azure("ContainerNotFound", 404), "read", "refused"],
  ["a denied container", azure("AuthorizationPermissionMismatch", 403), "list", "denied"],
  ["a bad signature", azure("AuthenticationFailed", 403), "read", "denied"],
  ["no credentials", azure("", undefined, "CredentialUnavailableError"), "list", "denied"],
  ["a busy server", azure("ServerBusy", 503), "read", "later"],
  ["a broken connection", azure("ECONNRESET"), "read", "later"],
] as const)("Azure: %s", (_, error, during, kind) => {
  expect(azureFaultOf(error, { container: "c", during }).kind).toBe(kind);
});

it.each([
  ["an object that is gone", gcs(404, "No such object: b/a.avro"), "read", "gone"],
  ["an object that was replaced", gcs(412, "Precondition Failed"), "read", "changed"],
  ["a bucket that is gone", gcs(404), "list", "refused"],
  ["a bucket that is gone while reading", gcs(404, "The specified bucket does not exist."), "read", "refused"],
  ["a denied bucket", gcs(403), "list", "denied"],
  ["an expired token", gcs(401), "read", "denied"],
  ["no credentials", gcs(undefined, "Could not load the default credentials."), "list", "denied"],
  ["too many requests", gcs(429), "read", "later"],
  ["a fault of the server", gcs(503), "list", "later"],
  ["a broken connection", gcs("ECONNRESET"), "read", "later"],
] as const)("GCS: %s", (_, error, during, kind) => {
  expect(gcsFaultOf(error, { bucket: "b", during }).kind).toBe(kind);
});

it("what a store asks to wait is read as seconds or as a date", () => {
  const nowMs = Date.parse("2026-11-23T12:00:00Z");
  expect(retryAfterMs("7", nowMs)).toEqual({ afterMs: 7_000 });
  expect(retryAfterMs("Mon, 23 Nov 2026 12:00:09 GMT", nowMs)).toEqual({ afterMs: 9_000 });
  expect(retryAfterMs("Mon, 23 Nov 2026 11:00:00 GMT", nowMs)).toEqual({ afterMs: 0 });
  for (const header of [undefined, null, "", "soon"]) expect(retryAfterMs(header, nowMs)).toEqual({});
  expect(s3FaultOf(s3("SlowDown", 503, { "retry-after": "3" }), { bucket: "b", during: "list" })).toEqual({
    kind: "later",
    afterMs: 3_000,
  });
});

it("what an error says has no signature in it, and has what broke the connection", () => {
  const inner = new Error("getaddrinfo ENOTFOUND acme.blob.core.windows.net");
  const error = new Error("GET https://acme.blob.core.windows.net/c?sv=1&sig=SECRET failed", { cause: inner });
  expect(said(error)).toBe(
    "GET https://acme.blob.core.windows.net/c failed: getaddrinfo ENOTFOUND acme.blob.core.windows.net",
  );
});
