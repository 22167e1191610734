import { describe, expect, it } from "vitest";
import { cutLines, linesOf, linesPayload, readRequestBody, type RequestEvents, together } from "./request-body.ts";

const read = (text: string) => readRequestBody(Buffer.from(text));
const source = {
  connector: "engagement",
  source: { fileId: "f", uri: "http:acme/engagement/1" },
  landedAtMs: 5,
  eventTypeOf: () => undefined,
};

describe("the body of a request", () => {
  it("is its events, one line each, whatever they are", () => {
    expect(read('{"events":[{"id":"1"}, {"id":"2", "new":[1]}, 7, null]}')).toMatchObject({
      kind: "events",
      lines: ['{"id":"1"}', '{"id":"2","new":[1]}', "7", "null"],
    });
  });

  it("is read behind the mark that some put before UTF-8", () => {
    expect(read('\ufeff{"events":[{"id":"1"}]}')).toMatchObject({ lines: ['{"id":"1"}'] });
  });

  it("keeps every digit of a number that is too long to be one here", () => {
    const event = '{"id":9007199254740993,"n":[12345678901234567890,0.5]}';
    expect(read(`{"events":[${event}]}`)).toMatchObject({ lines: [event] });
  });

  it("has all its events where one is nested too deep to be written: that one without what is below 1,000 levels", () => {
    const deep = `{"id":"2","x":${"[".repeat(20_000)}${"]".repeat(20_000)},"y":${'{"z":'.repeat(20_000)}1${"}".repeat(20_000)}}`;
    const body = read(`{"events":[{"id":"1"},${deep},{"id":"3"}]}`);
    if (body.kind !== "events") throw new Error("it has no events");
    const [first, second = "", third] = body.lines;
    expect([first, third]).toEqual(['{"id":"1"}', '{"id":"3"}']);
    const [arrays, objects] = ["[".repeat(999), '{"z":'.repeat(999)];
    expect(second).toBe(`{"id":"2","x":${arrays}null${"]".repeat(999)},"y":${objects}null${"}".repeat(999)}}`);
  });

  it("is divided where an event is nested too deep to be read along with a long number; alone that one is cut", () => {
    const deep = `{"id":"2","n":12345678901234567,"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(read(`{"events":[{"id":"1"},${deep}]}`)).toMatchObject({ kind: "divide" });
    const alone = read(`{"events":[${deep}]}`);
    expect(alone).toMatchObject({ kind: "events", lines: [expect.stringMatching(/^\{"id":"2","n":\d+,"x":\[/)] });
    expect(read(`{"events":[${deep}]} and more`)).toMatchObject({ kind: "unreadable" });
  });

  it("has the same digest when it comes again, with other white space too, and another one for other events", () => {
    const digest = (text: string) => {
      const found = read(text);
      return found.kind === "events" ? found.digest : undefined;
    };
    expect(digest('{"events":[{"id":"1"}]}')).toBe(digest('{ "events" : [ {"id": "1"} ] }\n'));
    expect(digest('{"events":[{"id":"1"}]}')).not.toBe(digest('{"events":[{"id":"2"}]}'));
    expect(digest('{"events":["a","b"]}')).not.toBe(digest('{"events":["a\\n\\"b"]}'));
  });

  it("goes together with others in order, the same one once; alone it is what it is", () => {
    const eventsOf = (text: string): RequestEvents => {
      const found = read(text);
      if (found.kind !== "events") throw new Error("it has no events");
      return found;
    };
    const [one, two] = [eventsOf('{"events":[1,2]}'), eventsOf('{"events":[3]}')];
    expect(together([one])).toMatchObject({ lines: ["1", "2"], digest: one.digest });
    expect(together([one, one])).toMatchObject({ lines: ["1", "2"], digest: one.digest });
    const both = together([one, two, one]);
    expect(both.lines).toEqual(["1", "2", "3"]);
    expect(together([one, two])).toEqual(both);
    const digests = [one, two, both, together([two, one]), eventsOf('{"events":[1,2,3]}')].map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(5);
  });

  it.each(["", "  \n", '{"events":[]}'])("is empty where there are no events: %j", (text) => {
    expect(read(text)).toEqual({ kind: "empty" });
  });

  it.each([
    ["{", "the body is not JSON"],
    ["[1]", 'the body is not an object with "events"'],
    ["null", 'the body is not an object with "events"'],
    ['{"event":[]}', 'the body is not an object with "events"'],
    ['{"events":{"secret":1}}', '"events" is not an array'],
  ])("is unreadable, and nothing of it is quoted: %s", (text, why) => {
    expect(read(text)).toEqual({ kind: "unreadable", why });
  });
});

describe("the chunks of a request", () => {
  it("hold all of its events in order, at most 1,500 and about 1 MiB each, and know their places", () => {
    const lines = Array.from({ length: 3_603 }, (_, n) => JSON.stringify({ n, pad: "x".repeat(n < 600 ? 3_000 : 1) }));
    const parts = cutLines(lines, source);
    expect(parts.flatMap(({ chunk }) => linesOf(Buffer.from(chunk.body)))).toEqual(lines);
    expect(parts.map(({ index }) => index)).toEqual(parts.keys().toArray());
    let first = 0;
    for (const { chunk } of parts) {
      expect(chunk.header.records).toBeLessThanOrEqual(1_500);
      expect(chunk.body.length).toBeLessThan(1024 * 1024 + 4_000);
      expect(chunk.header.spans).toEqual([{ blockOffset: 0, firstRecord: first, records: chunk.header.records }]);
      first += chunk.header.records;
    }
  });

  it("are the same when it is cut again", () => {
    const lines = ["{}", "1", '"x"'];
    expect(cutLines(linesOf(linesPayload(lines)), source)).toEqual(cutLines(lines, source));
  });
});
