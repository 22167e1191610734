import { expect, test } from "vitest";
import { workspaceSchema } from "../config/schema.ts";
import { flowSampleOf, type Unreadable, type WorkspaceView } from "../stage/gauges-snapshot.ts";
import { overviewOf } from "../stage/overview.ts";
import { statusOf, type WorkspaceStatus } from "../stage/status.ts";
import { detailsHtml, nowHtml } from "./page-html.ts";
import { type PageStanding, type PageView, pageView } from "./page-view.ts";

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

const viewOf = (standings: PageStanding[], unreadable: Unreadable[] = []) =>
  pageView({ standings, unreadable, quarantine: [], redis: { memoryBytes: 1, limitBytes: 0 }, atMs: nowMs });
const verdict = (...standings: PageStanding[]) => verdictOf(viewOf(standings));
const verdictOf = (view: PageView) => {
  const [, urgency, words] = /class="verdict (\w+)">(.*?)<\/p>/.exec(nowHtml(view).html) ?? [];
  return [urgency, words];
};
const containing = (text: string) => expect.stringContaining(text) as string;

const suspect = { status: { suspect: { events: 900, unkept: 0 } } };
const listless = { sourceFaults: [{ connector: "engagement", why: "no such folder", sinceMs: nowMs - 60_000 }] };

test("where all is well the verdict is good", () => {
  expect(verdict(aStanding("acme"))).toEqual(["good", "Nothing is about to be lost."]);
  expect(verdict(aStanding("acme", { outage: { state: "replaying" } }))).toEqual(["good", containing("on their way")]);
});

test("whatever is wrong while events flow makes the verdict a warning that says it", () => {
  expect(verdict(aStanding("acme", suspect))).toEqual(["warn", containing("<b>acme:</b> 900 events may have been")]);
  expect(verdict(aStanding("acme", listless))).toEqual(["warn", containing("no such folder")]);
  expect(verdict(aStanding("acme", { status: { spoolBytes: 1e12 } }))).toEqual(["warn", containing("spoolBudget")]);
  expect(verdict(aStanding("acme", { ...suspect, outage: { state: "replaying" } }))[0]).toBe("warn");
  expect(verdict(aStanding("well"), aStanding("acme", suspect), aStanding("globex", listless))).toEqual([
    "warn",
    containing("<b>acme and 1 more:</b>"),
  ]);
});

test("who sends nothing comes before any warning", () => {
  const unverified = aStanding("globex", { outage: { state: "unverified" } });
  expect(verdict(aStanding("acme", suspect), unverified)).toEqual(["bad", containing("<b>globex:</b>")]);
});

test("a workspace that cannot be read comes before all others, which are shown", () => {
  const holding = aStanding("acme", { outage: { state: "holding", reason: "operator" } });
  const view = viewOf([holding], [{ workspace: "globex", why: "version 2 is <not> known" }]);
  expect(verdictOf(view)).toEqual(["bad", containing("<b>globex:</b> what Redis has of it cannot be read (version 2")]);
  const cards = [...detailsHtml(view).html.matchAll(/<h3>(\w+)<\/h3>\s*<span class="state">(\w+)</g)];
  expect(cards.map(([, name, state]) => [name, state])).toEqual([
    ["globex", "unreadable"],
    ["acme", "holding"],
  ]);
  expect(detailsHtml(view).html).toContain("version 2 is &lt;not&gt; known");
});
