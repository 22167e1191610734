import { describe, expect, it } from "vitest";
import { isIgnoredKey, parseCurrentsKey } from "./object-key.ts";

const folder = "dataexport.prod-01.S3.integration.69cadaaed2d51b7c75b1a3e5";
const file = `${folder}+0+123456.avro`;
const typed = "dataexport.prod-01.users.messages.email.Click.integration.69cadaaed2d51b7c75b1a3e5+12+00034.avro";

describe("a key of Braze's", () => {
  it("with a version is read", () => {
    const key = `currents-export/${folder}/event_type=users.messages.pushnotification.Send/date=2025-04-01-17/version=6/us-01/${file}`;
    expect(parseCurrentsKey(key)).toEqual({
      integration: "69cadaaed2d51b7c75b1a3e5",
      eventType: "users.messages.pushnotification.Send",
      date: "2025-04-01-17",
      schema: { version: "6" },
      zone: "us-01",
      partition: 0,
      offset: 123_456,
    });
  });

  it("with a schema id is read, without a prefix too", () => {
    const key = `${folder.replace("S3", "AzureBlob")}/event_type=users.messages.email.Click/date=2025-04-01-17/417/prod-01/${typed}`;
    expect(parseCurrentsKey(key)).toMatchObject({ schema: { id: "417" }, zone: "prod-01", partition: 12, offset: 34 });
  });

  it.each([
    "clicks.avro",
    "event_type=users.messages.email.Click/clicks.avro",
    `${folder}/${file}`,
    "",
    `x/${folder}/`,
  ])("is not %j", (key) => {
    expect(parseCurrentsKey(key)).toBeUndefined();
  });

  it("is not one that goes on behind the file's name", () => {
    const key = `${folder}/event_type=a.b/date=2025-04-01-17/version=6/us-01/${file}`;
    expect(parseCurrentsKey(key)).toBeDefined();
    expect(parseCurrentsKey(`${key}.tmp`)).toBeUndefined();
  });
});

describe("a key", () => {
  it.each([
    "folder/",
    "",
    ".DS_Store",
    "a/.clicks.avro.swp",
    ".trash/clicks.avro",
    "a/clicks.avro.tmp",
    "clicks.avro.TMP",
    "clicks.avro.part",
    "clicks.avro.crdownload",
    "clicks.avro~",
    "a/_SUCCESS",
    "a/_committed_123",
    "a/_temporary/0/clicks.avro",
  ])("%j is passed over", (key) => {
    expect(isIgnoredKey(key)).toBe(true);
  });

  it.each([
    "clicks.avro",
    "a/b/clicks.avro",
    "clicks",
    "./a/clicks.avro",
    "_clicks.avro",
    "a.b/c.json",
    "part/tmp.avro",
  ])("%j is a file", (key) => {
    expect(isIgnoredKey(key)).toBe(false);
  });
});
