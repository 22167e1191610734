import fc from "fast-check";
import { expect, test } from "vitest";
import { readJsonEvents } from "./json-events.ts";

const read = async (text: string, pieceBytes = 7) => {
  const bytes = Buffer.from(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const [chunks, faults]: [{ lines: string[]; first: number | undefined }[], object[]] = [[], []];
  for await (const part of readJsonEvents(pieces(), { name: "f.json", connector: "c" }))
    if (part.kind === "fault") faults.push(part);
    else {
      const { header, body } = part.chunk;
      const lines = Buffer.from(body).toString("utf8").split("\n");
      expect(header.records).toBe(lines.length);
      chunks.push({ lines, first: header.spans[0]?.firstRecord });
    }
  return { chunks, faults, events: chunks.flatMap(({ lines }) => lines) };
};

test("events come out whole and in order, whatever the pieces and the layout they came in", async () => {
  const event = fc.record({ id: fc.string(), n: fc.double({ noNaN: true, noDefaultInfinity: true }) });
  const layouts: ((events: object[]) => string)[] = [
    (events) => events.map((one) => JSON.stringify(one)).join("\n"),
    (events) => JSON.stringify(events),
    (events) => JSON.stringify({ events }),
    (events) => JSON.stringify({ events }, undefined, 2),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...layouts),
      fc.integer({ min: 1, max: 50 }),
      async (events, layout, pieceBytes) => {
        const found = await read(layout(events), pieceBytes);
        expect(found.events.map((line) => JSON.parse(line) as unknown)).toEqual(JSON.parse(JSON.stringify(events)));
        expect(found.faults).toEqual([]);
      },
    ),
  );
});

test("a single event a line stays as it was written, its long numbers too", async () => {
  const line = '{"id":"a","n":12345678901234567890}';
  expect((await read(`${line}\n${line}`)).events).toEqual([line, line]);
});

test("chunks have 500 events, and say how many came before", async () => {
  const { chunks } = await read(Array.from({ length: 1_201 }, (_, id) => `{"id":${id}}`).join("\n"), 1_000);
  expect(chunks.map(({ lines, first }) => [lines.length, first])).toEqual([
    [500, 0],
    [500, 500],
    [201, 1_000],
  ]);
});

test("a line that is no JSON is a fault at its byte, and the others come all the same", async () => {
  const { events, faults } = await read('{"id":1}\nnot this\n{"id":2}\n{"id":');
  expect(events).toEqual(['{"id":1}', '{"id":2}']);
  expect(faults).toEqual([
    { kind: "fault", reason: "bad-record", message: "this is no JSON", offset: 9 },
    { kind: "fault", reason: "bad-record", message: "this is no JSON", offset: 27 },
  ]);
});

test("a laid out value that is cut off is told line by line, not held for ever", async () => {
  const { events, faults } = await read('{\n  "events": [\n{"id":1}\n');
  expect(events).toEqual(['{"id":1}']);
  expect(faults).toHaveLength(2);
});

test("a file without a value has no events", async () => {
  expect(await read("\n \n")).toMatchObject({ events: [], faults: [] });
});

test("integers that a number cannot hold keep their digits, in a list of events and in an event over lines", async () => {
  const event = '{"id":12345678901234567890}';
  for (const text of [event, `[${event},${event}]`, `{"events":[${event}]}`, event.replace(":", ":\n")])
    for (const line of (await read(text)).events) expect(line).toBe(event);
});
