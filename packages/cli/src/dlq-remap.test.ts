import { long, string } from "@currents-relay/ingest/core/avro-writer.testing.ts";
import { contentOf, type QuarantineLine } from "@currents-relay/deliver/core/quarantine-content.ts";
import { type Chunk, encodeChunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { messageIdMaker } from "@currents-relay/shared/core/message-id.ts";
import { bytesOfCall } from "@currents-relay/transform/core/call-text.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import { quarantineParcels } from "@currents-relay/transform/core/parcels.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";
import { expect, test } from "vitest";
import { linesOfChunk, remapBy } from "./dlq-remap.ts";

const rulesOf = (overrides: Partial<ConnectorRules> = {}): ConnectorRules => ({
  connector: "engagement",
  fields: { remove: [], hash: [] },
  eventNames: {},
  anonymousUsers: false,
  ...overrides,
});
const remap = (lines: readonly QuarantineLine[], overrides: Partial<ConnectorRules> = {}) =>
  remapBy(new Map([["engagement", rulesOf(overrides)]]))({ connector: "engagement" }, lines);

const eventType = "users.messages.email.Click";
const aLine = (record: object): QuarantineLine => ({
  eventType,
  record: { id: "1", user_id: "u", external_user_id: "x", time: 1_700_000_000, ...record },
});

test("a record that maps now is a call under its own id", () => {
  expect(remap([aLine({ campaign_id: "c" })])).toMatchObject([
    {
      kind: "call",
      eventId: "1",
      call: { messageId: "1", event: "Email Link Clicked", properties: { campaign_id: "c" } },
    },
  ]);
});

test("what was set aside while it was sent again gets the messageId that it would have had then", () => {
  const byRules = remapBy(new Map([["engagement", rulesOf()]]));
  const ofReread = { run: "run-1", apart: true, salt: "run-1" } as const;
  const [remapped] = byRules({ connector: "engagement", ofReread }, [aLine({})]) ?? [];
  const messageId = messageIdMaker("run-1")("1");
  expect(messageId).not.toBe("1");
  expect(remapped).toMatchObject({ kind: "call", eventId: "1", call: { messageId } });
});

test("each line has its own answer: what is still wrong, what a rule leaves out, what repeats an id, what has no record", () => {
  const lines = [
    aLine({ id: null }),
    {},
    aLine({ id: "2" }),
    aLine({ id: "2" }),
    aLine({ id: "3", external_user_id: null }),
    { ...aLine({ id: "4" }), eventType: "users.messages.sms.Delivery" },
  ];
  expect(remap(lines, { events: ["users.messages.email.*"] })).toMatchObject(
    [
      { kind: "stays", reason: "missing-id", message: "the record has no id" },
      undefined,
      { kind: "call", eventId: "2" },
      { kind: "duplicate" },
      { kind: "stays", reason: "no-external-user-id" },
      { kind: "stays", reason: "not-selected" },
    ].map((answer) => answer),
  );
});

test("a connector that is not configured has no answers", () => {
  expect(remapBy(new Map())({ connector: "engagement" }, [aLine({})])).toBeUndefined();
});

const anAvroChunk = (): Chunk => {
  const schema = {
    type: "record",
    name: "users.behaviors.CustomEvent",
    fields: [
      ...["id", "user_id", "external_user_id"].map((name) => ({ name, type: "string" })),
      { name: "time", type: "int" },
      { name: "name", type: ["null", "string"] },
      { name: "properties", type: ["null", "string"] },
      { name: "raw", type: "bytes" },
      { name: "big", type: "long" },
    ],
  };
  const optional = (text: string | null): Buffer => (text === null ? long(0) : Buffer.concat([long(1), string(text)]));
  const aRecord = (id: string, name: string | null, properties: string | null): Buffer =>
    Buffer.concat([
      ...[id, "u", "x"].map((text) => string(text)),
      long(1_700_000_000),
      optional(name),
      optional(properties),
      string(Buffer.from([1, 2])),
      long(2n ** 60n),
    ]);
  const records = [
    aRecord("0", "first", '{"a":1,"name":"own"}'),
    aRecord("1", null, null),
    aRecord("2", "third", null),
  ];
  return {
    header: {
      v: 1,
      connector: "engagement",
      source: { fileId: "f", uri: "file:///a.avro" },
      landedAtMs: 1,
      records: records.length,
      spans: [{ blockOffset: 9, firstRecord: 4, records: records.length }],
      content: { encoding: "avro", eventType: "users.behaviors.CustomEvent", schema: JSON.stringify(schema) },
    },
    body: Buffer.concat(records),
  };
};

test("what was set aside maps to the very call that the chunk itself would, once the rules are better", () => {
  const chunk = anAvroChunk();
  const { quarantined } = mapChunk(chunk, rulesOf());
  const [parcel] = quarantineParcels("t-f-0" as JobId, chunk, quarantined);
  const content = contentOf(Buffer.concat([parcel?.payload ?? []].flat()));
  const lines = content.kind === "lines" ? content.lines : [];
  expect(remap(lines)).toMatchObject([{ kind: "stays", reason: "missing-name" }]);
  const better = { eventNames: { "users.behaviors.CustomEvent": "Something" } };
  const calls = mapChunk(chunk, rulesOf(better)).calls.map(({ id, json }) => ({
    kind: "call",
    eventId: id,
    call: JSON.parse(bytesOfCall(json).toString()) as unknown,
  }));
  expect(remap(lines, better)).toEqual([calls[1]]);
});

test("a whole chunk falls into the lines that transform would have set aside, each with its place", () => {
  const chunk = anAvroChunk();
  const bytes = Buffer.concat(encodeChunk(chunk));
  expect(contentOf(bytes).kind).toBe("chunk");
  const job = {
    v: 1,
    connector: "engagement",
    reason: "poison",
    detail: "failed 10 times",
    events: 3,
    landedAtMs: 1,
  } as const;
  const lines = linesOfChunk(bytes, {
    ...job,
    origin: { uri: "", blockOffset: 0, recordIndex: 0 },
    from: "t-f-0" as JobId,
  });
  expect(lines).toMatchObject([
    { reason: "poison", origin: { uri: "file:///a.avro", blockOffset: 9, recordIndex: 4 } },
    { origin: { recordIndex: 5 } },
    { origin: { recordIndex: 6 } },
  ]);
  const calls = mapChunk(chunk, rulesOf()).calls.map(({ id, json }) => ({
    kind: "call",
    eventId: id,
    call: JSON.parse(bytesOfCall(json).toString()) as unknown,
  }));
  expect(remap(lines)).toMatchObject([calls[0], { kind: "stays", reason: "missing-name" }, calls[1]]);
});
