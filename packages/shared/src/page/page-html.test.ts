import { expect, test } from "vitest";
import { workspaceSchema } from "../config/schema.ts";
import { flowSampleOf, type WorkspaceView } from "../stage/gauges-snapshot.ts";
import { overviewOf } from "../stage/overview.ts";
import { statusOf, type WorkspaceStatus } from "../stage/status.ts";
import { nowHtml } from "./page-html.ts";
import { pageView, type PageStanding } from "./page-view.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");
const settings = workspaceSchema.parse({
  segment: { writeKey: "key" },
  spoolBudget: "100mb",
  connectors: { engagement: { source: { type: "folder", path: "/currents" } } },
});

type Over = Partial<Omit<WorkspaceView, "status">> & { status?: Partial<WorkspaceStatus> };

/** A workspace that flows, but for what is given. */
const aStanding = (name: string, { status, ...over }: Over = {}): PageStanding => {
  const view: WorkspaceView = {
    status: { ...statusOf(name, { tally: {}, usage: {}, filesWaiting: 0, quarantineEntries: 0 }), ...status },
    jobs: { ingest: 0, transform: 0, deliver: 0 },
    outage: { state: "flowing" },
    backOffUntilMs: 0,
    schemas: {},
    sourceFaults: [],
    samples: [],
    ...over,
  };
  const [overview, sample] = [overviewOf(view, settings, nowMs), flowSampleOf(view, nowMs)];
  return { view, settings, overview, sample, before: undefined };
};

const verdict = (...standings: PageStanding[]) => {
  const view = pageView({ standings, quarantine: [], redis: { memoryBytes: 1, limitBytes: 0 }, atMs: nowMs });
  const [, urgency, words] = /class="verdict (\w+)">(.*?)<\/p>/.exec(nowHtml(view).html) ?? [];
  return [urgency, words];
};
const containing = (text: string) => expect.stringContaining(text) as string;

const suspect = { status: { suspect: { events: 900, unkept: 0 } } };
const unreadable = { sourceFaults: [{ connector: "engagement", why: "no such folder", sinceMs: nowMs - 60_000 }] };

test("where all is well the verdict is good", () => {
  expect(verdict(aStanding("acme"))).toEqual(["good", "Nothing is about to be lost."]);
  expect(verdict(aStanding("acme", { outage: { state: "replaying" } }))).toEqual(["good", containing("on their way")]);
});

test("whatever is wrong while events flow makes the verdict a warning that says it", () => {
  expect(verdict(aStanding("acme", suspect))).toEqual(["warn", containing("<b>acme:</b> 900 events may have been")]);
  expect(verdict(aStanding("acme", unreadable))).toEqual(["warn", containing("no such folder")]);
  expect(verdict(aStanding("acme", { status: { spoolBytes: 1e12 } }))).toEqual(["warn", containing("spoolBudget")]);
  expect(verdict(aStanding("acme", { ...suspect, outage: { state: "replaying" } }))[0]).toBe("warn");
  expect(verdict(aStanding("well"), aStanding("acme", suspect), aStanding("globex", unreadable))).toEqual([
    "warn",
    containing("<b>acme and 1 more:</b>"),
  ]);
});

test("who sends nothing comes before any warning", () => {
  const unverified = aStanding("globex", { outage: { state: "unverified" } });
  expect(verdict(aStanding("acme", suspect), unverified)).toEqual(["bad", containing("<b>globex:</b>")]);
});
