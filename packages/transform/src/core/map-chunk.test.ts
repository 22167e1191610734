import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapChunk } from "./map-chunk.ts";
import { bytesOfCall } from "./call-text.ts";
import { bodyBytes, pack } from "./pack.ts";
import { avroArray, avroLong, avroString } from "./testing/avro-bytes.ts";
import { anAvroChunk, aJsonChunk } from "./testing/chunks.ts";
import { aFullRecord, aGeneralRecord, customEvent, emailClick, someRules } from "./testing/records.ts";

const aLine = (eventType: string, record: EventRecord): string => JSON.stringify({ event_type: eventType, ...record });
const aClick = (id: string, change: EventRecord = {}) => aLine(emailClick, aFullRecord(emailClick, { id, ...change }));

describe("a chunk on its way through mapping", () => {
  it("gives its calls serialised, in order, with their ids and places", () => {
    const { calls } = mapChunk(aJsonChunk([aClick("e1"), aClick("e2", { time: null }), aClick("e3")]), someRules());
    expect(calls.map(({ id, index }) => [id, index])).toEqual([
      ["e1", 0],
      ["e3", 2],
    ]);
    for (const { json, id } of calls)
      expect(JSON.parse(bytesOfCall(json).toString())).toMatchObject({
        type: "track",
        event: "Email Link Clicked",
        messageId: id,
      });
  });

  it("gives the same calls when it runs again", () => {
    const chunk = aJsonChunk([aClick("e1"), aLine(customEvent, aFullRecord(customEvent)), aClick("e1")]);
    const made = () => {
      const { calls, ...rest } = mapChunk(chunk, someRules({ salt: "acme" }));
      return { ...rest, calls: calls.map(({ json, ...call }) => ({ ...call, json: bytesOfCall(json).toString() })) };
    };
    expect(made().calls).toHaveLength(2);
    expect(made()).toEqual(made());
  });

  it("drops the repeat of an id, but not after an event that will not go out", () => {
    const result = mapChunk(aJsonChunk([aClick("e1", { time: "never" }), aClick("e1"), aClick("e1")]), someRules());
    expect(result.calls.map(({ index }) => index)).toEqual([1]);
    expect(result.dropped).toEqual({ duplicate: 1 });
  });

  it("tells ids and users apart whose numbers differ beyond what a number holds", () => {
    const line = (id: string, user: string) =>
      aClick("ID", { external_user_id: "USER" }).replace('"ID"', id).replace('"USER"', user);
    const lines = [line("9007199254740993", "12345678901234567890"), line("9007199254740992", "12345678901234567891")];
    const { calls, dropped } = mapChunk(aJsonChunk(lines), someRules());
    expect(dropped).toEqual({});
    expect(calls.map(({ json }) => JSON.parse(bytesOfCall(json).toString()) as object)).toMatchObject([
      { messageId: "9007199254740993", userId: "12345678901234567890" },
      { messageId: "9007199254740992", userId: "12345678901234567891" },
    ]);
  });

  it("drops what the connector does not select, what Braze never exports, and users without external_user_id", () => {
    const neverExported = "users.RandomBucketNumberUpdate";
    const lines = [
      aLine(customEvent, aFullRecord(customEvent)),
      aLine(neverExported, aFullRecord(neverExported)),
      aClick("e3", { external_user_id: null }),
    ];
    const result = mapChunk(aJsonChunk(lines), someRules({ events: ["users.messages.*", neverExported] }));
    expect(result).toMatchObject({ calls: [], quarantined: [] });
    expect(result.dropped).toEqual({ "not-selected": 1, "not-exported": 1, "no-external-user-id": 1 });
  });

  it("says of a quarantined event where it is, what it is and why, without its content", () => {
    const lines = ["{torn", aClick("e2", { esp: "x".repeat(33_000) }), aClick("e3", { time: "secret" })];
    const { quarantined } = mapChunk(aJsonChunk(lines), someRules());
    expect(quarantined).toMatchObject([
      { index: 0, reason: "bad-record" },
      { index: 1, reason: "call-too-large", eventType: emailClick, eventId: "e2" },
      { index: 2, reason: "invalid-time", eventType: emailClick, eventId: "e3" },
    ]);
    expect(quarantined[0]).not.toHaveProperty("eventType");
    expect(JSON.stringify(quarantined)).not.toMatch(/torn|xxx|secret/);
  });

  it("counts the events of types that the catalog does not have", () => {
    const retry = "users.messages.email.Retry";
    const lines = [aLine(retry, aGeneralRecord()), aLine(retry, aGeneralRecord({ id: "e2" })), aClick("e3")];
    const { calls, unknownTypes } = mapChunk(aJsonChunk(lines), someRules());
    expect(calls).toHaveLength(3);
    expect([...unknownTypes]).toEqual([[retry, 2]]);
  });
});

describe("a chunk of Avro records", () => {
  const strings = ["id", "user_id", "external_user_id", "url"];
  const schema = {
    type: "record",
    name: "Click",
    fields: [...strings.map((name) => ({ name, type: "string" })), { name: "time", type: "int" }],
  };
  const text = (value: string) => [value.length * 2, ...Buffer.from(value)];
  const chunk = anAvroChunk(emailClick, schema, {
    records: 1,
    body: [...["e1", "b1", "x1", "https://a.example"].flatMap(text), 14],
  });

  it("is mapped by the fields of its schema", () => {
    const [call] = mapChunk(chunk, someRules()).calls;
    expect(JSON.parse(call ? bytesOfCall(call.json).toString() : "")).toEqual({
      type: "track",
      messageId: "e1",
      event: "Email Link Clicked",
      userId: "x1",
      anonymousId: "b1",
      timestamp: "1970-01-01T00:00:07.000Z",
      properties: { link_url: "https://a.example" },
      context: {},
    });
  });

  it("is dropped unread where its type is not selected", () => {
    const unreadable = { ...chunk, body: new Uint8Array() };
    const result = mapChunk(unreadable, someRules({ events: ["users.canvas.*"] }));
    expect(result.dropped).toEqual({ "not-selected": 1 });
  });
});

describe("the records of one Avro chunk", () => {
  const texts = ["id", "user_id", "external_user_id", "url"];
  const schema = {
    type: "record",
    name: "Click",
    fields: [
      ...texts.map((name) => ({ name, type: ["null", "string"] })),
      { name: "time", type: ["null", "int"] },
      { name: "suspected_bot_click_reason", type: ["null", { type: "array", items: "string" }] },
    ],
  };
  const text = (value: string | null) => (value === null ? [avroLong(0)] : [avroLong(1), avroString(value)]);
  const aRecord = (
    id: string | null,
    { url = "u", time = 7, reason = null }: { url?: string; time?: number | null; reason?: string | null } = {},
  ) => [
    ...[id, "b1", "x1", url].flatMap(text),
    ...(time === null ? [avroLong(0)] : [avroLong(1), avroLong(time)]),
    ...(reason === null ? [avroLong(0)] : [avroLong(1), avroArray([avroString(reason)])]),
  ];
  const chunkOf = (...records: Buffer[][]) =>
    anAvroChunk(emailClick, schema, { records: records.length, body: Buffer.concat(records.flat()) });

  it("each come to their own end, whether they are written directly or by way of a record", () => {
    const chunk = chunkOf(
      aRecord("e1"),
      aRecord("e1"),
      aRecord("e2", { reason: "too fast" }),
      aRecord("e3", { url: "x".repeat(33_000) }),
      aRecord("e4", { time: null }),
      aRecord(null),
      aRecord("e4"),
    );
    const { calls, dropped, quarantined } = mapChunk(chunk, someRules());
    expect(calls.map(({ id, index }) => [id, index])).toEqual([
      ["e1", 0],
      ["e2", 2],
      ["e4", 6],
    ]);
    expect(calls.map(({ json }) => JSON.parse(bytesOfCall(json).toString()) as unknown)).toMatchObject([
      { messageId: "e1", properties: { link_url: "u" } },
      { messageId: "e2", properties: { suspected_bot_click_reason: ["too fast"] } },
      { messageId: "e4" },
    ]);
    expect(dropped).toEqual({ duplicate: 1 });
    expect(quarantined).toMatchObject([
      { index: 3, reason: "call-too-large", eventType: emailClick, eventId: "e3" },
      { index: 4, reason: "invalid-time", eventType: emailClick, eventId: "e4" },
      { index: 5, reason: "missing-id", eventType: emailClick },
    ]);
  });

  it("lie as their request body does, whichever way they came", () => {
    const { calls } = mapChunk(
      chunkOf(aRecord("e1"), aRecord("e2", { reason: "too fast" }), aRecord("e3")),
      someRules(),
    );
    const [body] = pack(calls);
    expect(body && bodyBytes(body).buffer).toBe(calls[0]?.json.page.buffer);
    expect(body && bodyBytes(body).toString()).toBe(calls.map(({ json }) => bytesOfCall(json).toString()).join(",\n"));
  });

  it("are refused together where the chunk is not what its header says", () => {
    const chunk = chunkOf(aRecord("e1"), aRecord("e2"));
    const claiming = (records: number) => ({ ...chunk, header: { ...chunk.header, records } });
    expect(() => mapChunk(claiming(1), someRules())).toThrow("over");
    expect(() => mapChunk(claiming(3), someRules())).toThrow("names a branch");
  });
});

it("every record of a chunk ends in exactly one place", () => {
  const ids = fc.constantFrom("e1", "e2", "", null);
  const events = fc.record({
    event_type: fc.constantFrom(emailClick, customEvent, "users.new.Thing", "users.canvas.Entry", "", null),
    id: ids,
    time: fc.constantFrom(1_760_000_000, "x", null),
    user: fc.record({ user_id: ids, external_user_id: ids }, { requiredKeys: [] }),
    properties: fc.dictionary(fc.constantFrom("name", "properties", "esp"), fc.anything(), { maxKeys: 3 }),
  });
  const lines = fc.array(
    fc.oneof({ weight: 9, arbitrary: events.map((event) => JSON.stringify(event)) }, fc.constant("torn")),
  );
  fc.assert(
    fc.property(lines, fc.boolean(), (texts, anonymousUsers) => {
      const rules = someRules({ anonymousUsers, events: ["users.messages.*", "users.behaviors.*", "users.new.*"] });
      const { calls, dropped, quarantined } = mapChunk(aJsonChunk(texts), rules);
      const droppedCount = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      expect(calls.length + droppedCount + quarantined.length).toBe(texts.length);
      expect(new Set([...calls, ...quarantined].map(({ index }) => index)).size).toBe(
        calls.length + quarantined.length,
      );
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
    }),
  );
});
