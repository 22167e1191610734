import { createHash } from "node:crypto";
import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { collect } from "@currents-relay/shared/runtime/collect.testing.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileMapper, type MappedCall } from "./map-event.ts";
import type { ConnectorRules } from "./rules.ts";
import { aFullRecord, aGeneralRecord, customEvent, emailClick, someRules } from "./testing/records.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const map = (eventType: string, record: EventRecord, rules: Partial<ConnectorRules> = {}) =>
  compileMapper({ eventType, rules: someRules(rules) })(record);

const mapped = (eventType: string, record: EventRecord, rules: Partial<ConnectorRules> = {}): MappedCall => {
  const outcome = map(eventType, record, rules);
  if (outcome.kind !== "ok") throw new Error(`came to ${JSON.stringify(outcome)}`);
  return outcome.value;
};

describe("an event whose fields are known beforehand (Avro) or met one by one (JSON)", () => {
  it("is mapped to the same call", () => {
    const record = aFullRecord(emailClick);
    const planned = compileMapper({ eventType: emailClick, fields: Object.keys(record), rules: someRules() });
    expect(planned(record)).toEqual(map(emailClick, record));
  });

  it("may have fields that the next one does not", () => {
    const mapper = compileMapper({ eventType: emailClick, rules: someRules() });
    mapper(aFullRecord(emailClick, { brand_new: "yes" }));
    expect(mapper(aFullRecord(emailClick))).toEqual(map(emailClick, aFullRecord(emailClick)));
  });
});

describe("the name of the call", () => {
  it("is the connector's own where it gives one, for a custom event too", () => {
    const eventNames = { [emailClick]: "Clicked Mail", [customEvent]: "Custom" };
    expect(mapped(emailClick, aFullRecord(emailClick), { eventNames }).call.event).toBe("Clicked Mail");
    expect(mapped(customEvent, aFullRecord(customEvent, { name: null }), { eventNames }).call.event).toBe("Custom");
  });

  it("is the record's own for a custom event, which is quarantined without one", () => {
    expect(mapped(customEvent, aFullRecord(customEvent, { name: "Booked" })).call.event).toBe("Booked");
    for (const name of ["", null])
      expect(map(customEvent, aFullRecord(customEvent, { name }))).toMatchObject({ reason: "missing-name" });
  });

  it("is made from a type that is new, and the call is counted as unknown", () => {
    const { call, unknownType } = mapped("users.messages.email.Retry", aGeneralRecord());
    expect([call.event, unknownType]).toEqual(["Email Retry", true]);
    expect(mapped("constructor", aGeneralRecord()).call.event).toBe("Constructor");
  });
});

describe("an event that Braze never exports", () => {
  it("is dropped even where it is selected and renamed", () => {
    const type = "users.RandomBucketNumberUpdate";
    const outcome = map(type, aFullRecord(type), { eventNames: { [type]: "Bucketed" } });
    expect(outcome).toEqual({ kind: "drop", reason: "not-exported" });
  });
});

describe("the properties of a custom event", () => {
  const propertiesOf = (properties: AvroValue, change: EventRecord = {}) =>
    mapped(customEvent, aFullRecord(customEvent, { properties, ...change })).call.properties;

  it("are merged in, but the record's own fields win", () => {
    const properties = propertiesOf('{"app_id":"theirs","price":9.5,"ad_id":"theirs"}', { ad_id: null });
    expect(properties).toMatchObject({ app_id: "some app_id", price: 9.5, ad_id: "theirs" });
  });

  it("may be an object already, as over HTTP", () => {
    expect(propertiesOf({ price: 9.5 })).toMatchObject({ price: 9.5 });
  });

  it.each([["{not json"], ["[1,2]"], ['"text"'], ["null"], [`{"a":${"[".repeat(200)}${"]".repeat(200)}}`]])(
    "are kept as one text where they are no object that we can carry: %s",
    (text) => {
      expect(propertiesOf(text)).toMatchObject({ properties: text, name: "some name" });
    },
  );

  it("cannot change a prototype, nor through a field of the record", () => {
    const record = JSON.parse('{"__proto__":{"admin":true}}') as EventRecord;
    const properties = propertiesOf('{"__proto__":{"admin":true},"a":{"__proto__":{"admin":true},"b":1}}', record);
    expect(Object.getPrototypeOf(properties)).toBe(Object.prototype);
    expect(properties["a"]).toEqual({ b: 1 });
    expect(JSON.stringify(properties)).not.toContain("admin");
  });

  it("of a purchase are merged too, and of any other type are a property", () => {
    const purchase = "users.behaviors.Purchase";
    expect(mapped(purchase, aFullRecord(purchase)).call.properties).toMatchObject({ colour: "red" });
    const other = mapped(emailClick, aFullRecord(emailClick, { properties: '{"a":1}' }));
    expect(other.call.properties).toMatchObject({ properties: '{"a":1}' });
  });
});

describe("two fields with one place in the call", () => {
  it("leave it to the field that the catalog names, wherever it stands in the record", () => {
    const type = "users.messages.sms.Send";
    const record = aFullRecord(type, { user_phone_number: "+2" });
    expect(mapped(type, record).call.context).toEqual({ traits: { phone: "some to_phone_number" } });
    const reversed = Object.fromEntries(Object.entries(record).toReversed());
    expect(mapped(type, reversed).call.context).toEqual({ traits: { phone: "some to_phone_number" } });
  });

  it("leave it to the user's own number in a new type, and to the other where that is null", () => {
    const both = { user_phone_number: "+2", to_phone_number: "+1" };
    const phone = (change: EventRecord) =>
      mapped("users.messages.fax.Send", aGeneralRecord(change)).call.context["traits"];
    expect(phone(both)).toMatchObject({ phone: "+2" });
    const userFirst = Object.fromEntries(Object.entries(aGeneralRecord(both)).toReversed());
    expect(mapped("users.messages.fax.Send", userFirst).call.context["traits"]).toMatchObject({ phone: "+2" });
    expect(phone({ ...both, user_phone_number: null })).toMatchObject({ phone: "+1" });
  });
});

describe("field rules", () => {
  it("reach a field wherever it goes: properties, traits, ids, the name of a custom event", () => {
    const fields = { remove: ["email_address", "ip_pool", "name"], hash: ["external_user_id", "user_id"] };
    const { call } = mapped(emailClick, aFullRecord(emailClick), { fields });
    expect(call.context["traits"]).toEqual({ email: "[REDACTED]" });
    expect(call.properties["ip_pool"]).toBe("[REDACTED]");
    expect(call.userId).toBe(sha256("the user"));
    expect(call.anonymousId).toBe(sha256("the braze user"));
    expect(mapped(customEvent, aFullRecord(customEvent), { fields }).call.event).toBe("[REDACTED]");
  });

  it("leave out what is not text, so that it cannot leak, and leave null alone", () => {
    const fields = { remove: ["is_amp", "suspected_bot_click_reason"], hash: ["esp"] };
    const { properties } = mapped(emailClick, aFullRecord(emailClick, { esp: null }), { fields }).call;
    for (const name of ["is_amp", "suspected_bot_click_reason", "esp"]) expect(properties).not.toHaveProperty(name);
  });

  it("take the properties of a custom event as one text, before they are merged", () => {
    const fields = { remove: ["properties"], hash: [] };
    const { properties } = mapped(customEvent, aFullRecord(customEvent), { fields }).call;
    expect(properties).toMatchObject({ properties: "[REDACTED]" });
    expect(properties).not.toHaveProperty("colour");
  });
});

it("a field whose name has a lone surrogate goes out with U+FFFD in its place", () => {
  const { properties } = mapped(emailClick, aFullRecord(emailClick, { "a\ud800": "x" })).call;
  expect(properties).toHaveProperty("a\ufffd", "x");
  expect(Object.keys(properties).every((name) => name.isWellFormed())).toBe(true);
});

it("names of fields that never come again are not kept without end, and go out like others", () => {
  const mapper = compileMapper({ eventType: emailClick, rules: someRules() });
  const record = aGeneralRecord();
  const heapAfter = (from: number, to: number): number => {
    for (let event = from; event < to; event++)
      mapper({
        ...record,
        ...Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`name-${event}-${index}`, 1])),
      });
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(0, 100);
  expect(heapAfter(100, 2_100) - before).toBeLessThan(5e6);
  expect(mapper({ ...record, last: "there" })).toMatchObject({ value: { call: { properties: { last: "there" } } } });
});

it("integers in the properties of a custom event that a number cannot hold become text, digit by digit", () => {
  const record = aFullRecord(customEvent, { properties: '{"order_id":12345678901234567890,"count":12}' });
  expect(mapped(customEvent, record).call.properties).toMatchObject({ order_id: "12345678901234567890", count: 12 });
});

describe("a record that cannot be carried", () => {
  it("is quarantined where its time is no date", () => {
    expect(map(emailClick, aFullRecord(emailClick, { time: null }))).toMatchObject({ reason: "invalid-time" });
  });

  it("is quarantined where a field is nested too deep to be serialised", () => {
    const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000)) as AvroValue;
    expect(map(emailClick, aFullRecord(emailClick, { esp: deep }))).toMatchObject({ reason: "bad-record" });
  });

  it("never makes the mapper throw, and what is mapped survives JSON, whatever is in the record", () => {
    const names = fc.oneof(fc.constantFrom(...Object.keys(aFullRecord(customEvent)), "email_address"), fc.string());
    const types = fc.oneof(fc.constantFrom(customEvent, emailClick), fc.string());
    const records = fc.dictionary(names, fc.anything({ withBigInt: true, withNullPrototype: true }));
    fc.assert(
      fc.property(types, records, fc.boolean(), (eventType, odd, whole) => {
        const record = { ...(whole ? aFullRecord(eventType) : {}), ...odd } as EventRecord; // anything at all
        const outcome = map(eventType, record, { anonymousUsers: true });
        fc.pre(outcome.kind === "ok");
        const text = JSON.stringify(outcome.value.call);
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
        expect(text.isWellFormed()).toBe(true);
        expect(Object.values(outcome.value.call.properties)).not.toContain(null);
      }),
      { numRuns: 300 },
    );
  });
});
