import { describe, expect, it } from "vitest";
import { decodeChunk } from "./decode-chunk.ts";
import { anAvroChunk, aJsonChunk } from "./testing/chunks.ts";
import { customEvent, emailClick } from "./testing/records.ts";

const recordOf = (event: unknown) => {
  const [decoded] = decodeChunk(aJsonChunk([JSON.stringify(event)])).events;
  if (decoded?.kind !== "ok") throw new Error("not read");
  return decoded.value.record;
};

describe("a chunk of Avro records", () => {
  const schema = {
    type: "record",
    name: "Click",
    fields: [
      { name: "id", type: "string" },
      { name: "time", type: ["null", "long"] },
    ],
  };
  // Avro by hand: length 2, "e1", branch 1 (long), 5; then length 2, "e2", branch 0 (null).
  const body = [4, 0x65, 0x31, 2, 10, 4, 0x65, 0x32, 0];

  it("is read in order, with the event type of its header and the fields of its schema", () => {
    const { events, fields } = decodeChunk(anAvroChunk(emailClick, schema, { records: 2, body }));
    expect(fields).toEqual(["id", "time"]);
    expect(events).toMatchObject([
      { kind: "ok", value: { eventType: emailClick, record: { id: "e1", time: 5 } } },
      { kind: "ok", value: { eventType: emailClick, record: { id: "e2", time: null } } },
    ]);
  });

  it("is refused as a whole where its body is not what its header says", () => {
    expect(() => decodeChunk(anAvroChunk(emailClick, schema, { records: 3, body }))).toThrow("bytes end");
    expect(() => decodeChunk(anAvroChunk(emailClick, schema, { records: 1, body }))).toThrow("over");
  });
});

describe("an event of the Custom HTTP connector", () => {
  const event = {
    event_type: emailClick,
    id: "e1",
    time: 1_760_000_000,
    user: { user_id: "b1", external_user_id: "x1", device_id: "d1", timezone: "Europe/Berlin" },
    properties: { campaign_id: "c1", id: "not this one", user_id: "nor this one" },
  };

  it("becomes the flat record that Braze stores; id, time and user win over properties", () => {
    expect(recordOf(event)).toEqual({
      campaign_id: "c1",
      user_id: "b1",
      external_user_id: "x1",
      device_id: "d1",
      timezone: "Europe/Berlin",
      id: "e1",
      time: 1_760_000_000,
    });
  });

  it("keeps every digit of an integer that a number cannot hold", () => {
    const line = `{"event_type":"${emailClick}","id":9007199254740993,"properties":{"order_id":[12345678901234567890]}}`;
    const [decoded] = decodeChunk(aJsonChunk([line])).events;
    expect(decoded).toMatchObject({ value: { record: { id: 9007199254740993n, order_id: [12345678901234567890n] } } });
  });

  it("leaves a property as it is where the user's or the event's own is null", () => {
    expect(recordOf({ ...event, region: null, properties: { region: "eu" } })).toMatchObject({ region: "eu" });
    const properties = { device_id: "d2" };
    expect(recordOf({ ...event, user: { user_id: "b1", device_id: null }, properties })).toMatchObject({
      device_id: "d2",
    });
  });

  it("keeps what we do not know", () => {
    const record = recordOf({ ...event, region: "eu", user: { ...event.user, braze_tier: 1 } });
    expect(record).toMatchObject({ region: "eu", braze_tier: 1 });
  });

  it("keeps the inner properties of a custom event, as text or as an object", () => {
    const custom = (properties: unknown) => recordOf({ ...event, event_type: customEvent, properties });
    expect(custom({ name: "Booked", properties: '{"a":1}' })).toMatchObject({ name: "Booked", properties: '{"a":1}' });
    expect(custom({ name: "Booked", properties: { a: 1 } })).toMatchObject({ properties: { a: 1 } });
  });

  it("may be flat already", () => {
    const flat = { event_type: customEvent, id: "e1", time: 1, user_id: "b1", name: "Booked", properties: '{"a":1}' };
    expect(recordOf(flat)).toEqual({ id: "e1", time: 1, user_id: "b1", name: "Booked", properties: '{"a":1}' });
  });

  it("cannot change a prototype", () => {
    const line =
      '{"event_type":"users.x","properties":{"__proto__":{"user_id":"b1"}},"user":{"__proto__":{"id":"e1"}}}';
    const [decoded] = decodeChunk(aJsonChunk([line])).events;
    const record = decoded?.kind === "ok" ? decoded.value.record : undefined;
    expect(record?.["user_id"]).toBeUndefined();
    expect(record?.["id"]).toBeUndefined();
  });

  it("is set aside alone where its line is no event, without quoting it", () => {
    const { events, fields } = decodeChunk(aJsonChunk(["{secret", "[1]", '{"id":"e1"}', JSON.stringify(event)]));
    expect(fields).toBeUndefined();
    expect(events.map((outcome) => (outcome.kind === "quarantine" ? outcome.reason : outcome.kind))).toEqual([
      "bad-record",
      "bad-record",
      "unknown-event-type",
      "ok",
    ]);
    expect(String(events[0]?.kind === "quarantine" && events[0].cause)).not.toContain("secret");
  });

  it("is refused with its whole chunk where the header counts other lines", () => {
    const chunk = aJsonChunk(["{}", "{}"]);
    expect(() => decodeChunk({ ...chunk, header: { ...chunk.header, records: 3 } })).toThrow("2 lines");
  });
});
