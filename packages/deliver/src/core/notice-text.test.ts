import { holdReasons, type HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExpiryPolicy, NoticeEvent, NoticeMessage, OutagePhase } from "./notice-message.ts";
import { noticeText } from "./notice-text.ts";

const hourMs = 3_600_000;
const openedAtMs = Date.UTC(2026, 10, 23, 14, 0, 12);

const aMessage = (over: Partial<Omit<NoticeMessage, "event" | "percent">> & NoticeEvent): NoticeMessage => ({
  id: "acme-1-opened",
  outageId: "acme-1",
  workspace: "acme",
  connectors: [{ name: "engagement", contact: "data@acme.example" }],
  reason: "unauthorized",
  openedAtMs,
  atMs: openedAtMs,
  asOfMs: openedAtMs,
  phase: "holding",
  heldEvents: 1_234_567,
  expiresAtMs: openedAtMs + 48 * hourMs,
  expiryAfterMs: 48 * hourMs,
  expiryThen: "keep",
  suspect: undefined,
  ...over,
});
const opened = (over: Partial<NoticeMessage> = {}) =>
  noticeText(aMessage({ ...over, event: "outage.opened" })).body.replace(/\s+/g, " ");
const closed = (over: Partial<NoticeMessage> = {}) =>
  noticeText(
    aMessage({
      atMs: openedAtMs + 60 * hourMs,
      asOfMs: openedAtMs + 60 * hourMs,
      ...over,
      phase: "closed",
      event: "outage.closed",
    }),
  ).body.replace(/\s+/g, " ");

const reasons = Object.keys(holdReasons) as HoldReason[]; // the keys of a literal

describe("a notice", () => {
  it("says in its subject which workspace it is and what happened", () => {
    const subject = (event: NoticeEvent) =>
      noticeText(aMessage({ ...event, atMs: openedAtMs + 5 * hourMs, phase: "holding" })).subject;
    expect(subject({ event: "outage.opened" })).toBe("[Currents Relay] acme: events are held (Segment answered 401)");
    expect(subject({ event: "outage.window", percent: 80 })).toBe(
      "[Currents Relay] acme: 80 % of the time until held events expire is used",
    );
    expect(subject({ event: "outage.closed" })).toBe("[Currents Relay] acme: the outage is over after 5 hours");
  });

  it("says since when, how much is held, and how long until the oldest of it expires", () => {
    const text = opened({ asOfMs: openedAtMs + 46 * hourMs + 30 * 60_000 });
    expect(text).toContain("Since 2026-11-23 14:00 UTC (1 day 22 hours)");
    expect(text).toContain("Held 1,234,567 events");
    expect(text).toContain("Expiry 2026-11-25 14:00 UTC (in 1 hour 30 minutes)");
    expect(text).toContain("Connectors engagement");
    expect(opened({ asOfMs: openedAtMs + 49 * hourMs })).toContain("(1 hour ago)");
    expect(opened({ heldEvents: 0, expiresAtMs: undefined })).toContain(
      "Held 0 events so far Expiry 2 days after an event began to be held",
    );
  });

  it("says what happens then", () => {
    expect(opened({ expiryThen: "keep" })).toContain("nothing is dropped");
    expect(opened({ expiryThen: "archive" })).toContain("they go to the archive");
    expect(opened({ expiryThen: "drop" })).toContain("DROPPED FOR GOOD");
  });

  it("says what to do, another thing for each reason, and never where nothing can be done", () => {
    const advice = reasons.map((reason) => opened({ reason }).split("What to do ")[1]);
    expect(new Set(advice).size).toBe(reasons.length);
    expect(opened({ reason: "unknown-write-key" })).toContain("segment.writeKey");
    expect(opened({ reason: "not-found" })).toContain("segment.region");
    expect(opened({ reason: "oauth-refused" })).toContain("clientId");
    expect(opened({ reason: "unverified" })).toContain("settingsEndpoint");
    expect(opened({ reason: "operator" })).toContain("relay resume --workspace acme");
    expect(opened({ phase: "replaying" })).toContain("What to do Nothing: the held events are being sent");
    expect(closed()).toContain("What to do Nothing");
  });

  it("names how many events may be lost, from when to when, and the command that sends them again", () => {
    const suspect = { fromMs: openedAtMs - 60_000, toMs: openedAtMs, events: 1_234 };
    expect(opened({ reason: "unknown-write-key", suspect })).toContain(
      "relay resend --workspace acme --suspect --dry-run",
    );
    expect(opened({ suspect }).replaceAll(/\s+/g, " ")).toContain(
      "1,234 events sent from 2026-11-23T13:59:12.000Z to 2026-11-23T14:00:12.000Z may be lost",
    );
    expect(opened()).not.toContain("resend");
  });

  it("that comes late says so, and that the outage is over where it is", () => {
    const late = opened({ asOfMs: openedAtMs + 3 * hourMs, phase: "closed" });
    expect(late).toContain("This notice is 3 hours late. The outage is over by now.");
    expect(opened({ asOfMs: openedAtMs + 60_000 })).not.toContain("late");
  });

  it("of the end says how long it was, and what became of events that waited too long", () => {
    expect(closed()).toContain("To 2026-11-26 02:00 UTC (2 days 12 hours)");
    expect(closed({ expiryThen: "keep" })).not.toContain("Expired");
    expect(closed({ expiryThen: "archive" })).toContain("relay dlq replay --workspace acme --from-archive");
    expect(closed({ expiryThen: "drop" })).toContain("were dropped");
    expect(closed({ expiryThen: "drop", atMs: openedAtMs + hourMs })).not.toContain("dropped");
  });

  it("names three connectors at most", () => {
    const connectors = ["a", "b", "c", "d", "e"].map((name) => ({ name, contact: undefined }));
    expect(opened({ connectors })).toContain("Connectors a, b, c and 2 more");
  });

  it("fits on one screen, whatever it says, and never shows an address", () => {
    const aName = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/);
    const anyMessage = fc.record({
      event: fc.constantFrom<NoticeEvent>(
        { event: "outage.opened" },
        { event: "outage.window", percent: 95 },
        { event: "outage.closed" },
      ),
      facts: fc.record({
        workspace: aName,
        connectors: fc.array(fc.record({ name: aName, contact: fc.constant("who@acme.example") }), { minLength: 1 }),
        reason: fc.constantFrom(...reasons),
        phase: fc.constantFrom<OutagePhase>("holding", "replaying", "closed"),
        heldEvents: fc.nat(),
        expiresAtMs: fc.option(fc.integer({ min: 0, max: 2e12 }), { nil: undefined }),
        expiryThen: fc.constantFrom<ExpiryPolicy>("keep", "archive", "drop"),
        suspect: fc.option(fc.constant({ fromMs: 1, toMs: 2, events: 3 }), { nil: undefined }),
        asOfMs: fc.integer({ min: openedAtMs, max: 2e12 }),
        atMs: fc.integer({ min: openedAtMs, max: 2e12 }),
      }),
    });
    fc.assert(
      fc.property(anyMessage, ({ event, facts }) => {
        const { subject, body } = noticeText(aMessage({ ...facts, ...event }));
        const lines = body.trimEnd().split("\n");
        const isCommand = (line: string) => line.startsWith("  relay ");
        expect(lines.length).toBeLessThanOrEqual(24);
        for (const line of lines) if (!isCommand(line)) expect(line.length).toBeLessThanOrEqual(78);
        expect(subject).not.toMatch(/[\r\n]/);
        expect(subject + body).not.toMatch(/@|undefined|NaN/);
      }),
      { numRuns: 500 },
    );
  });
});
