import fc from "fast-check";
import { expect, test } from "vitest";
import { scanBatch } from "./scan-batch.ts";

const scan = (text: string) => scanBatch(Buffer.from(text));

const events = fc.array(
  fc.record(
    {
      messageId: fc.string({ unit: "binary" }),
      userId: fc.string(),
      anonymousId: fc.string(),
      properties: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);

test("the scan finds the same events, ids and write key as JSON.parse, whatever the values and the spacing", () => {
  fc.assert(
    fc.property(events, fc.string({ unit: "binary" }), fc.constantFrom(0, 1, 2), (batch, writeKey, indent) => {
      const bytes = Buffer.from(JSON.stringify({ sentAt: "now", batch, writeKey }, null, indent));
      const found = scanBatch(bytes);
      expect(found.writeKey).toBe(writeKey);
      expect(found.events?.map((event) => event.messageId)).toEqual(batch.map((event) => event.messageId));
      expect(found.events?.map((event) => event.hasUser)).toEqual(
        batch.map((event) => Boolean(event.userId) || Boolean(event.anonymousId)),
      );
      expect(found.events?.map(({ start, end }) => JSON.parse(bytes.toString("utf8", start, end)))).toEqual(
        JSON.parse(JSON.stringify(batch)),
      );
    }),
  );
});

test("a messageId inside an event's properties is not the event's id", () => {
  const found = scan('{"batch":[{"properties":{"messageId":"inner"},"messageId":"outer"}]}');
  expect(found.events?.map((event) => event.messageId)).toEqual(["outer"]);
});

test.each([
  ["", "no JSON object"],
  ["[]", "no JSON object"],
  ['{"batch":[{"a":1}', "comma"],
  ['{"batch":[{"a":"x', "ends inside"],
  ['{"batch":[1]}', "no object"],
  ['{"batch":[]}x', "goes on"],
  ['{"a" 1}', "colon"],
])("the broken body %j is refused", (text, message) => {
  expect(() => scan(text)).toThrow(message);
});

test("a body without a batch array has no events", () => {
  expect(scan('{"batch":{"a":1},"writeKey":7}')).toEqual({});
});
