import { expect, test } from "vitest";
import { isDenied } from "./denied.ts";

const errorWith = (fields: object): Error => Object.assign(new Error("said"), fields);

test.each([
  ["a folder without the right to read", { code: "EACCES" }],
  ["S3", { name: "AccessDenied", $metadata: { httpStatusCode: 403 } }],
  ["S3 with a wrong key", { Code: "InvalidAccessKeyId" }],
  ["an answer with a status only", { $metadata: { httpStatusCode: 403 } }],
  ["GCS", { code: 403 }],
  ["Azure", { statusCode: 401 }],
])("%s: denied", (_, fields) => {
  expect(isDenied(errorWith(fields))).toBe(true);
});

test("the cause of the cause says it too", () => {
  const cause = new Error("between", { cause: errorWith({ code: "EPERM" }) });
  expect(isDenied(new Error("the folder cannot be listed", { cause }))).toBe(true);
});

test.each([
  ["a folder that is not there", { code: "ENOENT" }],
  ["a store that is down", { $metadata: { httpStatusCode: 503 } }],
  ["a throttled request", { name: "SlowDown" }],
])("%s: not denied", (_, fields) => {
  expect(isDenied(errorWith(fields))).toBe(false);
});

test("what is no error is not denied", () => {
  expect(isDenied("AccessDenied")).toBe(false);
});
