import { describe, expect, it } from "vitest";
import { type NoticeContext, noticeMessage } from "./notice-message.ts";
import type { Facts, Notice, Outage, OutageState } from "./outage-state.ts";

const facts: Facts = { keyFingerprint: "key-1", sinceMs: 0, untold: [] };
const outage: Outage = { openedMs: 100, reason: "unverified", told: ["opened"] };
const holding: OutageState = {
  ...facts,
  kind: "holding",
  outage,
  operator: false,
  trouble: { reason: "unknown-write-key", sinceMs: 110 },
};
const flowing: OutageState = { ...facts, kind: "flowing" };

const aNotice = (over: Partial<Notice> = {}): Notice => ({
  id: "100-opened",
  name: "opened",
  reason: "unverified",
  openedMs: 100,
  atMs: 100,
  ...over,
});
const message = (notice: Notice, state: OutageState, over: Partial<NoticeContext> = {}) =>
  noticeMessage(notice, {
    workspace: "acme",
    connectors: [{ name: "engagement", contact: "data@acme.example" }],
    state,
    held: { events: 7, oldestHeldMs: 120, suspectEvents: 900 },
    expiry: { afterMs: 1_000, then: "archive" },
    nowMs: 200,
    ...over,
  });

describe("the message of a notice", () => {
  it("has an id that no other workspace, outage or notice has, and one for all of its outage", () => {
    expect(message(aNotice(), holding)).toMatchObject({ id: "acme-100-opened", outageId: "acme-100" });
    expect(message(aNotice({ id: "100-95", name: "95" }), holding)).toMatchObject({
      id: "acme-100-95",
      outageId: "acme-100",
      event: "outage.window",
      percent: 95,
    });
  });

  it("says when the oldest held event expires, or nothing when none is held", () => {
    expect(message(aNotice(), holding)).toMatchObject({ heldEvents: 7, expiresAtMs: 1_120, expiryThen: "archive" });
    const held = { events: 0, oldestHeldMs: undefined, suspectEvents: 900 };
    expect(message(aNotice(), holding, { held }).expiresAtMs).toBeUndefined();
  });

  it("gives the reason that holds now, since that is what can be repaired", () => {
    expect(message(aNotice(), holding)).toMatchObject({ phase: "holding", reason: "unknown-write-key" });
  });

  it("knows an outage that is replayed, or over, from one that holds", () => {
    expect(message(aNotice(), { ...facts, kind: "replaying", outage })).toMatchObject({
      phase: "replaying",
      reason: "unverified",
    });
    expect(message(aNotice(), flowing)).toMatchObject({ phase: "closed", reason: "unverified" });
    const next: OutageState = { ...holding, outage: { ...outage, openedMs: 150 } };
    expect(message(aNotice(), next)).toMatchObject({ phase: "closed", reason: "unverified" });
    expect(message(aNotice({ name: "closed" }), holding).phase).toBe("closed");
  });

  it("names a suspect window that belongs to its outage, and no other", () => {
    const suspect = { fromMs: 60, toMs: 100 };
    expect(message(aNotice(), { ...holding, suspect }).suspect).toEqual({ ...suspect, events: 900 });
    expect(message(aNotice(), { ...holding, suspect: { fromMs: 10, toMs: 99 } }).suspect).toBeUndefined();
    const closed = aNotice({ name: "closed", atMs: 300 });
    expect(message(closed, { ...holding, suspect }).suspect).toEqual({ ...suspect, events: 900 });
    expect(message(closed, { ...holding, suspect: { fromMs: 310, toMs: 400 } }).suspect).toBeUndefined();
  });
});
