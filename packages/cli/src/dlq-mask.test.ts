import { glossary } from "@currents-relay/transform/core/catalog.ts";
import { expect, test } from "vitest";
import { masked, maskPersonal, shownFields } from "./dlq-mask.ts";

test("no field that Braze marks as personal for any event type is ever shown", () => {
  const personal = Object.values(glossary).flatMap(({ fields }) =>
    Object.entries(fields).flatMap(([field, type]) => (type.includes("pii") ? [field] : [])),
  );
  expect(personal.length).toBeGreaterThan(20);
  expect(personal.filter((field) => shownFields.has(field))).toEqual([]);
});

test("of a call what it is and what it is about is shown, and nobody's name, address or id", () => {
  const call = {
    type: "track",
    messageId: "1",
    event: "Email Link Clicked",
    userId: "jane",
    anonymousId: "braze-jane",
    timestamp: "2026-01-01T00:00:00.000Z",
    properties: {
      campaign_name: "spring",
      is_amp: true,
      link_url: "https://a.example/?u=jane",
      altitude: 3,
      new: null,
    },
    context: { traits: { email: "jane@acme.example" }, device: { model: "x" } },
  };
  expect(maskPersonal(call)).toEqual({
    type: "track",
    messageId: "1",
    event: "Email Link Clicked",
    userId: masked,
    anonymousId: masked,
    timestamp: "2026-01-01T00:00:00.000Z",
    properties: { campaign_name: "spring", is_amp: true, link_url: masked, altitude: masked, new: null },
    context: { traits: { email: masked }, device: { model: masked } },
  });
});

test("a line of an entry shows where it came from and what was wrong, and masks its record and its call", () => {
  const line = {
    reason: "missing-user-id",
    message: "the record has no user_id",
    eventType: "users.messages.email.Click",
    eventId: "1",
    origin: { uri: "file:///a.avro", blockOffset: 7, recordIndex: 2 },
    record: {
      id: "1",
      email_address: "jane@acme.example",
      campaign_id: "c",
      tags: ["jane"],
      nested: { campaign_id: "jane" },
    },
    call: { event: "Email Link Clicked", userId: "jane" },
  };
  expect(maskPersonal(line)).toEqual({
    ...line,
    record: { id: "1", email_address: masked, campaign_id: "c", tags: [masked], nested: { campaign_id: masked } },
    call: { event: "Email Link Clicked", userId: masked },
  });
});

test("what a customer named themselves is masked whatever its name: custom events, purchases, types we do not know", () => {
  const own = { campaign_id: "jane", price: 3 };
  const all = { campaign_id: masked, price: masked };
  expect(maskPersonal({ event: "my own", properties: own })).toEqual({ event: "my own", properties: all });
  for (const eventType of ["users.behaviors.CustomEvent", "users.behaviors.Purchase", "users.messages.new.Type"])
    expect(maskPersonal({ eventType, record: own })).toEqual({ eventType, record: all });
});

test("texts and lists without a name are masked", () => {
  expect(maskPersonal("jane")).toBe(masked);
  expect(maskPersonal(["jane", 3, null, true])).toEqual([masked, masked, null, true]);
  expect(maskPersonal({ message: { text: "jane" } })).toEqual({ message: { text: masked } });
});
