import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beforeHour,
  behindDates,
  datesOf,
  hourMs,
  hourStart,
  isIntegration,
  isScope,
  parentOf,
  partitionOf,
} from "./partition.ts";

const scope = "p/dataexport.prod-01.S3.integration.69ca/event_type=users.messages.email.Click/";
const hour = (text: string) => Date.parse(`${text}:00:00Z`);

describe("a key of Braze's", () => {
  it.each([
    ["with a schema id", `${scope}date=2026-11-23-10/417/us-01/dataexport+0+1.avro`],
    ["with a version", `${scope}date=2026-11-23-10/version=6/us-01/dataexport+0+1.avro`],
    ["in a layout to come", `${scope}date=2026-11-23-10/x.avro`],
  ])("%s stands in its event type and its hour", (_, key) => {
    expect(partitionOf(key)).toEqual({ scope, atMs: hour("2026-11-23T10") });
  });

  it("of a whole day stands where its name sorts: behind the day's hours", () => {
    expect(partitionOf(`${scope}date=2026-11-23/x.avro`)?.atMs).toBe(hour("2026-11-24T00") - 1);
  });

  it.each([
    "flat.avro",
    "date=2026-11-23-10/x.avro",
    `${scope}x.avro`,
    `${scope}date=20261123/x.avro`,
    `${scope}date=2026-02-30-10/x.avro`,
    `${scope}date=2026-11-23-24/x.avro`,
    `${scope}date=2026-11-23-10`,
  ])("is not %j", (key) => {
    expect(partitionOf(key)).toBeUndefined();
  });
});

it("prefixes of event types and of integrations are told apart, and have parents", () => {
  expect(isScope(scope)).toBe(true);
  expect(isIntegration(parentOf(scope))).toBe(true);
  expect(isScope(parentOf(scope))).toBe(false);
  expect(isIntegration(scope)).toBe(false);
  expect(parentOf(scope)).toBe("p/dataexport.prod-01.S3.integration.69ca/");
  expect(parentOf("event_type=a/")).toBe("");
});

it("a listing that starts before an hour has the keys of that hour and of later ones, and no earlier ones", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 1_000_000 }), (a, b) => {
      const key = `${beforeHour(scope, b * hourMs)}/417/us-01/x.avro`;
      expect(key > beforeHour(scope, a * hourMs)).toBe(b >= a);
      expect(key.startsWith(datesOf(scope)) && key < behindDates(scope)).toBe(true);
      expect(partitionOf(key)).toEqual({ scope, atMs: b * hourMs });
      expect(hourStart(b * hourMs + 3_599_999)).toBe(b * hourMs);
    }),
  );
});
