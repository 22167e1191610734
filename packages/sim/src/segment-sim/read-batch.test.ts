import { expect, test } from "vitest";
import { readBatch, readBatchFast } from "./read-batch.ts";

const call = (id: string, extra: object = {}) => ({ messageId: id, userId: "u", type: "track", event: "E", ...extra });
const body = (batch: object[], indent = 0) =>
  Buffer.from(JSON.stringify({ batch, writeKey: "key-1", sentAt: "2026-11-23T12:00:00.000Z" }, null, indent));
const ids = (batch: ReturnType<typeof readBatch>) => batch.events().map((event) => event.messageId);

test("the fast reading finds the ids and the write key that the exact one finds", () => {
  const bytes = body([call("a"), call("b", { properties: { text: 'a quoted "messageId":"no" inside' } }), call("c")]);
  expect(ids(readBatchFast(bytes))).toEqual(["a", "b", "c"]);
  expect(ids(readBatch(bytes))).toEqual(["a", "b", "c"]);
  expect(readBatchFast(bytes).writeKey).toBe("key-1");
});

test("the fast reading keeps the ids of a body when the next one lies in its place", () => {
  const place = body([call("aaa"), call("b")]);
  const { count, ids: kept } = readBatchFast(place);
  place.fill(0x20);
  readBatchFast(body([call("c"), call("d"), call("e")]));
  expect({ count, texts: kept?.texts() }).toEqual({ count: 2, texts: ["aaa", "b"] });
});

test("a body that ends inside an id is refused by the fast reading", () => {
  expect(() => readBatchFast(Buffer.from('{"batch":[{"messageId":"a"},{"messageId":"b'))).toThrow("inside a string");
});

test("the fast reading falls back to the exact one where the body is written with spaces", () => {
  expect(ids(readBatchFast(body([call("a"), call("b")], 2)))).toEqual(["a", "b"]);
});

test.each([readBatch, readBatchFast])("an event one byte over 32 KB is seen, one of 32 KB is not (%o)", (read) => {
  const empty = JSON.stringify(call("big", { filler: "" })).length;
  const ofSize = (bytes: number) => call("big", { filler: "x".repeat(bytes - empty) });
  expect(read(body([call("a"), ofSize(32 * 1024), call("b")])).hasLargeEvent).toBe(false);
  expect(read(body([call("a"), ofSize(32 * 1024 + 1), call("b")])).hasLargeEvent).toBe(true);
});

test("a call is given as one line of JSON, however the body is written", () => {
  const text = readBatch(body([call("a")], 2)).callAt?.(0) ?? "";
  expect(text).not.toContain("\n");
  expect(JSON.parse(text)).toEqual(call("a"));
});

test("the exact reading refuses what is no JSON inside a value", () => {
  expect(() => readBatch(Buffer.from('{"batch":[{"messageId":"a","n":01x}]}'))).toThrow(SyntaxError);
});
