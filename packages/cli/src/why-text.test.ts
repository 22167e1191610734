import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { expect, test } from "vitest";
import { whereaboutsOf, whyText } from "./why-text.ts";
import type { BatchPlace, Trace } from "./why-trace.ts";

const aBatch = (place: BatchPlace["place"], more: Partial<BatchPlace> = {}): BatchPlace => ({
  id: `d-${place}` as JobId, // a test's own name
  place,
  ...more,
});
const sent = aBatch("ended", { atMs: 2_000, tally: { in: 3, ok: 3 } });
const expired = aBatch("ended", { atMs: 3_000, tally: { in: 3, "dropped:expired": 3 } });
const held = aBatch("held", { atMs: 1_000, heldFor: "unauthorized" });
const aTrace = (more: Partial<Trace> = {}): Trace => ({
  eventId: "e1",
  takenAtMs: 500,
  chunk: "t-1" as JobId,
  batches: [sent],
  again: [],
  entriesNotSeen: 0,
  ...more,
});

test.each<[string, Partial<Trace>, string]>([
  ["all batches that it may be in were accepted", { batches: [sent, sent] }, "delivered"],
  ["its batch is made just now", { batches: [] }, "waiting"],
  ["one of its batches waits", { batches: [sent, aBatch("waiting")] }, "waiting"],
  ["one of them is held", { batches: [aBatch("waiting"), held] }, "held"],
  ["another batch is held, but this one has it", { batches: [held, { ...sent, hasEvent: true }] }, "delivered"],
  ["its batch expired", { batches: [expired] }, "ended"],
  ["one of them is forgotten", { batches: [sent, aBatch("forgotten")] }, "taken"],
])("%s", (_, more, whereabouts) => {
  expect(whereaboutsOf(aTrace(more))).toBe(whereabouts);
});

test("its chunk is forgotten: it was taken, and no more is known", () => {
  const { chunk, ...forgotten } = aTrace({ batches: [] });
  expect(chunk).toBeDefined();
  expect(whereaboutsOf(forgotten)).toBe("taken");
});

test("nothing is known of it", () => {
  const { takenAtMs, chunk, ...unknown } = aTrace({ batches: [] });
  expect([takenAtMs, chunk]).toEqual([500, "t-1"]);
  expect(whereaboutsOf(unknown)).toBe("unknown");
});

test("the text names every batch that it may be in with its fate, and says that it is one of them", () => {
  const text = whyText(aTrace({ batches: [sent, expired], entriesNotSeen: 1_234 }), "acme");
  expect(text).toBe(
    [
      "e1 in acme: Its batch came to an end.",
      "taken  1970-01-01T00:00:00.500Z",
      "batch  d-ended: accepted by Segment at 1970-01-01T00:00:02.000Z",
      "batch  d-ended: 3 dropped:expired at 1970-01-01T00:00:03.000Z",
      "It is in one of these 2 batches.",
      "1,234 entries of quarantine were not looked into.",
    ].join("\n"),
  );
});

test("each time that it was read again is told below the first one, with its own end", () => {
  const way = { takenAtMs: 700, chunk: "t-2" as JobId, uri: "file:///a.avro", connector: "engagement" };
  const again = [
    { ...way, run: "r2", batches: [held] },
    { run: "r1", takenAtMs: 600, batches: [] },
  ];
  const lines = [
    "Read again by relay resend (run r2): An outage holds it; it goes out when that is over (relay status).",
    "file   file:///a.avro (connector engagement)",
    "taken  1970-01-01T00:00:00.700Z",
    expect.stringMatching(/^batch {2}d-held: held since 1970-01-01T00:00:01.000Z: /) as string,
    expect.stringContaining("Read again by relay resend (run r1): It was taken.") as string,
    "taken  1970-01-01T00:00:00.600Z",
  ];
  const both = whyText(aTrace({ again }), "acme").split("\n");
  expect(both[0]).toBe("e1 in acme: Segment accepted it.");
  expect(both.slice(3)).toEqual(lines);
  const { takenAtMs, chunk, ...unknown } = aTrace({ batches: [], again });
  expect([takenAtMs, chunk]).toEqual([500, "t-1"]);
  expect(whereaboutsOf(unknown)).toBe("held");
  expect(whyText(unknown, "acme").split("\n")).toEqual(["e1 in acme: It was read again.", ...lines]);
});
