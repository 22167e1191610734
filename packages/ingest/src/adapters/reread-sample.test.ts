import { expect, test } from "vitest";
import { aBlock, aHeader, clicks } from "../core/avro-writer.testing.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { SourceObject } from "../ports.ts";
import { estimateEvents } from "./reread-sample.ts";

const content = Buffer.concat([aHeader(), aBlock(clicks(40)), aBlock(clicks(10))]);
const objectsOf = (count: number): SourceObject[] =>
  Array.from({ length: count }, (_, index) => {
    const key = `${index}.avro`;
    return { key, uri: `s3://bucket/${key}`, version: "1", bytes: content.length, landedAtMs: 0 };
  });
const never = new AbortController().signal;
/** A source whose objects are all alike, but for the keys that fail. */
const sourceOf = (faults: Record<string, Error> = {}) => ({
  read: async function* ({ key }: SourceObject) {
    if (faults[key]) throw faults[key];
    yield content;
  },
});

test("what is in a few objects is taken for what is in all of them", async () => {
  expect(await estimateEvents(sourceOf(), objectsOf(9), never)).toBe(450);
});

test("an object that cannot be read tells nothing; where none can be, nobody knows", async () => {
  const away = new SourceUnavailable("it lies in Glacier");
  expect(
    await estimateEvents(sourceOf({ "0.avro": away, "3.avro": new ObjectChanged("gone") }), objectsOf(9), never),
  ).toBe(450);
  expect(await estimateEvents(sourceOf({ "0.avro": away }), objectsOf(1), never)).toBeUndefined();
});

test("any other fault is told", async () => {
  const bug = new TypeError("a bug");
  await expect(estimateEvents(sourceOf({ "0.avro": bug }), objectsOf(3), never)).rejects.toThrow("a bug");
});
