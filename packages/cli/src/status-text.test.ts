import { workspaceSchema } from "@currents-relay/shared/config/schema.ts";
import type { WorkspaceView } from "@currents-relay/shared/stage/gauges-snapshot.ts";
import { overviewOf } from "@currents-relay/shared/stage/overview.ts";
import { expect, test } from "vitest";
import { statusForScripts } from "./status-json.ts";
import type { Standing } from "@currents-relay/shared/stage/standing.ts";
import { statusForPeople } from "./status-text.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");
const hourMs = 3_600_000;

const settings = (then: "keep" | "drop" = "keep") =>
  workspaceSchema.parse({
    segment: { writeKey: "key" },
    expiry: { after: "48h", then },
    connectors: { engagement: { source: { type: "folder", path: "/currents" } } },
  });

/** A workspace that flows, but for what is given. */
const aStanding = (name: string, over: Partial<WorkspaceView> = {}, then: "keep" | "drop" = "keep"): Standing => {
  const view: WorkspaceView = {
    status: {
      workspace: name,
      tallies: { ingest: { in: 5, ok: 5 }, transform: { in: 5, ok: 5 }, deliver: { in: 5, ok: 5 } },
      filesWaiting: 0,
      quarantineEntries: 0,
      waiting: { transform: 0, deliver: 0, held: 0, quarantined: 0 },
      spoolBytes: 0,
      suspect: { events: 0, unkept: 0 },
    },
    jobs: { ingest: 0, transform: 0, deliver: 0 },
    outage: { state: "flowing" },
    backOffUntilMs: 0,
    schemas: {},
    sourceFaults: [],
    samples: [],
    ...over,
  };
  return { view, settings: settings(then), overview: overviewOf(view, settings(then), nowMs) };
};

const anOutage = (heldSinceMs: number): Partial<WorkspaceView> => ({
  outage: { state: "holding", reason: "unknown-write-key", openedMs: heldSinceMs },
  oldestHeldMs: heldSinceMs,
});

const lines = (...standings: Standing[]) => statusForPeople({ standings, unreadable: [] }, nowMs).split("\n");

test("a workspace that is well is one line, and nothing is to be done", () => {
  expect(lines(aStanding("well"))).toHaveLength(2);
  expect(lines(aStanding("well"))[1]).toMatch(/^well +flowing +0 s +0 +0 +- +0 s +0 of 950 +5 +5 +0 +0 +yes$/);
});

test("the one with the least time left comes first, then the one that lags most", () => {
  const found = lines(
    aStanding("well"),
    aStanding("late", { oldestMs: nowMs - 60_000 }),
    aStanding("new-outage", anOutage(nowMs - hourMs)),
    aStanding("old-outage", anOutage(nowMs - 40 * hourMs)),
  );
  expect(found.slice(1, 5).map((line) => line.split(" ")[0])).toEqual(["old-outage", "new-outage", "late", "well"]);
});

test("an outage says why, for how long, what to do, and what is at stake when", () => {
  const [first, second] = lines(aStanding("acme", anOutage(nowMs - 40 * hourMs), "drop")).slice(3);
  expect(first).toBe(
    "acme: held for 1 d 16 h (Segment's settings endpoint does not know the write key). Mend the credentials; the replay starts by itself.",
  );
  expect(second).toBe("acme: the oldest held events are DROPPED in 8 h; expiry.after can be raised.");
});

test("a source that cannot be read, suspects, a full spool and quarantine are named with what to do", () => {
  const well = aStanding("acme").view.status;
  const status = {
    ...well,
    suspect: { events: 900, unkept: 0 },
    spoolBytes: 1e9,
    waiting: { ...well.waiting, quarantined: 1 },
    quarantineEntries: 2,
  };
  const fault = { connector: "engagement", why: "the bucket does not exist", sinceMs: nowMs - 120_000 };
  const gone = { ...fault, connector: "gone" };
  expect(lines(aStanding("acme", { status, sourceFaults: [fault, gone] })).slice(3, 7)).toEqual([
    "acme: engagement, for 2 min: the bucket does not exist",
    "acme: 900 events may have been thrown away by Segment: relay resend --suspect --dry-run",
    "acme: spoolBudget is used up: new files wait in the source.",
    "acme: 1 event in quarantine: relay dlq list --queue quarantine",
  ]);
});

test("quarantine is named where nobody knows how many events it holds", () => {
  const status = { ...aStanding("acme").view.status, quarantineEntries: 2 };
  expect(lines(aStanding("acme", { status }))[3]).toBe(
    "acme: 2 places of files that could not be read in quarantine: relay dlq list --queue quarantine",
  );
});

test("counters that do not add up are shown", () => {
  const { status } = aStanding("acme").view;
  const tallies = { ...status.tallies, ingest: { in: 6, ok: 5 } };
  expect(lines(aStanding("acme", { status: { ...status, filesWaiting: 1, tallies } }))).toContain(
    "acme: ingest: in = ends: 6 is not 5",
  );
});

test("a workspace that cannot be read is told of first, beside the others", () => {
  const standings = [aStanding("acme", anOutage(nowMs - hourMs))];
  const text = statusForPeople({ standings, unreadable: [{ workspace: "globex", why: "oops" }] }, nowMs).split("\n");
  expect(text[1]).toMatch(/^acme +holding/);
  expect(text[3]).toMatch(/^globex: what Redis has of it cannot be read \(oops\), and it may not be sent/);
  expect(text[4]).toMatch(/^acme: held/);
});

test("for scripts what nobody knows, or never comes, is null", () => {
  const held = statusForScripts(aStanding("acme", anOutage(nowMs - hourMs)));
  expect(held).toMatchObject({
    state: "holding",
    holdReason: "unknown-write-key",
    outageSince: "2026-11-26T11:00:00.000Z",
    expiry: { afterSeconds: 172_800, then: "keep", remainingSeconds: 47 * 3_600 },
    events: { in: 5, delivered: 5 },
  });
  const { status } = aStanding("acme").view;
  const waiting = aStanding("acme", { status: { ...status, waiting: { ...status.waiting, deliver: 9 } } });
  expect(statusForScripts(waiting)).toMatchObject({
    holdReason: null,
    outageSince: null,
    keyVerifiedAt: null,
    backlogEvents: 9,
    drainForecastSeconds: null,
    expiry: { remainingSeconds: null },
  });
});
