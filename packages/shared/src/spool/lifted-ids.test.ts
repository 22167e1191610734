import { array, assert, constant, constantFrom, integer, oneof, property, string, uint8Array, uuid } from "fast-check";
import { expect, test } from "vitest";
import { liftIds, putBack } from "./lifted-ids.ts";

const uuids = ["0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-107101900027"];
const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");
const comesBack = (bytes: Buffer): boolean => putBack(liftIds(bytes), bytes.length).equals(bytes);

const hexDigits = integer({ min: 0, max: 1_200 }).map((n) => "0123456789abcdef".repeat(80).slice(0, n));
const brokenUuid = uuid().chain((whole) =>
  integer({ min: 0, max: 35 }).map((at) => `${whole.slice(0, at)}x${whole.slice(at + 1)}`),
);
const aText = oneof(uuid(), brokenUuid, hexDigits, string(), constantFrom("-", '","', "0", "A")).map(bytesOf);
const otherBytes = oneof(uint8Array({ maxLength: 40 }), array(constantFrom(0xf8, 0xf9, 0xff, 0x61)), constant([])).map(
  (some) => Buffer.from(some),
);

test("whatever the bytes, with ids whole or broken and bytes that are marks, they come back as they were", () => {
  assert(
    property(array(oneof(aText, otherBytes), { maxLength: 12 }), (pieces) => comesBack(Buffer.concat(pieces))),
    { numRuns: 3_000 },
  );
});

test.each([
  ["a UUID alone", uuids[0], 1, 16],
  ["UUIDs at both ends", `${uuids[0]},${uuids[1]}`, 3, 32],
  ["UUIDs with nothing between, of which twelve and eight digits are one run,", uuids.join(""), 24 + 2 + 28, 10],
  ["an id of Braze's, 24 digits", '{"campaign_id":"5f3c1d2e9a8b7c6d5e4f3a2b"}', 20, 12],
  ["the shortest run", "0123456789ab", 2, 6],
  ["a run of an odd number of digits", "0123456789abcdef0", 3, 8],
  ["a run longer than a mark can say", "ab".repeat(256), 4, 255],
  ["a UUID with more digits behind it", `${uuids[0]}0123`, 26, 8],
  ["a UUID at every place of the twelve", `${uuids[0]} `.repeat(24), 24 * 2, 24 * 16],
])("%s is found", (_, text = "", textBytes, idsBytes) => {
  const lifted = liftIds(bytesOf(text));
  expect([lifted.text.length, lifted.ids.length]).toEqual([textBytes, idsBytes]);
  expect(putBack(lifted, text.length).toString()).toBe(text);
});

test.each([
  ["a number, be it as long as an id", "170000000012345678901234"],
  ["eleven digits", "0123456789a"],
  ["capitals, which would come back small", "0F8FAD5B-D9CB-469F-A165-70867728950E"],
  ["a UUID with one digit less", uuids[1]?.slice(1)],
  ["a UUID with another sign for a dash", uuids[1]?.replaceAll("-", "_")],
  ["nothing", ""],
])("%s is no id", (_, text = "") => {
  expect(liftIds(bytesOf(text))).toEqual({ text: bytesOf(text), ids: Buffer.alloc(0) });
});

test("a UUID stands for itself in one byte, bytes that are marks are told from it by an escape", () => {
  const bytes = Buffer.concat([Buffer.from([0xf8, 0xff]), bytesOf(uuids[0] ?? ""), Buffer.from([0xf9, 0x10])]);
  expect(liftIds(bytes).text).toEqual(Buffer.from([0xff, 0xf8, 0xff, 0xff, 0xf8, 0xff, 0xf9, 0x10]));
  expect(comesBack(bytes)).toBe(true);
});

test.each([
  ["one mark is frequent and the others never are", Buffer.alloc(1_000_000, Buffer.from([0xff, 0x20]))],
  ["there are digits only", Buffer.alloc(1_000_000, "0123456789")],
])("a megabyte in which %s takes no longer for it", (_, bytes) => {
  const begun = performance.now();
  expect(comesBack(bytes)).toBe(true);
  expect(performance.now() - begun).toBeLessThan(2_000); // 100 ms; half a minute if it is read from end to end each time
});

test("ids that belong to another text, and another length, are refused", () => {
  const whole = `{"id":"${uuids[0]}"}`;
  const { text, ids } = liftIds(bytesOf(whole));
  const length = whole.length;
  expect(() => putBack({ text, ids: ids.subarray(1) }, length)).toThrow(/do not belong together/);
  expect(() => putBack({ text, ids: Buffer.concat([ids, ids]) }, length)).toThrow(/do not belong together/);
  expect(() => putBack({ text: text.subarray(1), ids }, length)).toThrow(/do not belong together/);
  expect(() => putBack({ text, ids }, length - 1)).toThrow(/do not belong together/);
  expect(() => putBack({ text, ids }, length + 1)).toThrow(/do not belong together/);
  expect(putBack({ text, ids }, length).toString()).toBe(whole);
});
