import { describe, expect, it } from "vitest";
import { type Evidence, judge } from "./judge.ts";
import type { WorkspaceReport } from "./relay-status.ts";

const aReport = (events: Partial<WorkspaceReport["events"]> = {}, differences: string[] = []): WorkspaceReport => ({
  workspace: "acme",
  files: { done: 1, quarantined: 0 },
  events: { in: 3, delivered: 3, dropped: {}, quarantined: {}, held: 0, ...events },
  conservation: { holds: differences.length === 0, differences },
});

/** Three ids, each written and accepted once, and a relay that says so. */
const evidenceOf = (overrides: Partial<Evidence> = {}): Evidence => ({
  expected: new Set(["a", "b", "c"]),
  quarantined: {},
  recordsIn: 3,
  accepted: new Map([
    ["a", 1],
    ["b", 1],
    ["c", 1],
  ]),
  repeatedAt: new Map(),
  windows: [],
  thrownAway: 0,
  workspaces: [aReport()],
  ...overrides,
});

const aTwice = new Map([
  ["a", 2],
  ["b", 1],
  ["c", 1],
]);
const killedAt = (ms: number, cause: "deliver" | "redis" = "deliver") => ({ cause, fromMs: ms, untilMs: ms });

describe("what arrived", () => {
  it("is right when every id that must arrive did, once", () => {
    expect(judge(evidenceOf())).toMatchObject({ delivered: 3, lost: 0, doubled: 0, repeats: 0, faults: [] });
  });

  it("an id that never arrived is lost, and named", () => {
    const found = judge(evidenceOf({ accepted: new Map([["b", 1]]), workspaces: [aReport({ delivered: 1 })] }));
    expect(found).toMatchObject({ delivered: 1, lost: 2, examples: { lost: ["a", "c"] }, faults: ["2 lost: a, c"] });
  });

  it("names at most the first ten of the lost ids and says that there are more", () => {
    const ids = Array.from({ length: 12 }, (_, index) => `id-${index}`);
    const found = judge(evidenceOf({ expected: new Set([...ids, "a", "b", "c"]) }));
    expect(found.examples.lost).toEqual(ids.slice(0, 10));
    expect(found.faults[0]).toMatch(/^12 lost: id-0, .*id-9, \.\.\.$/);
  });

  it("an id that nobody had to send is unexpected: a changed messageId does not pass for a delivery", () => {
    const accepted = new Map([
      ["a", 1],
      ["b", 1],
      ["c-salted", 1],
    ]);
    expect(judge(evidenceOf({ accepted }))).toMatchObject({ lost: 1, unexpected: 1, delivered: 2 });
  });
});

describe("events that got a 200 for a key that had just died", () => {
  const missing = { accepted: new Map([["b", 1]]), workspaces: [aReport({ delivered: 3 })] };

  it("are suspect, not lost, when they are all that is missing", () => {
    expect(judge(evidenceOf({ ...missing, thrownAway: 2 }))).toMatchObject({
      delivered: 1,
      lost: 0,
      suspect: 2,
      faults: [],
    });
  });

  it.each([1, 3])("excuse nothing when %i were thrown away and two are missing", (thrownAway) => {
    const found = judge(evidenceOf({ ...missing, thrownAway }));
    expect(found).toMatchObject({ lost: 2, suspect: 0 });
    expect(found.faults).toContain(`events thrown away behind a 200, against missing ids: ${thrownAway}, not 0`);
  });
});

describe("an id that arrived again", () => {
  const again = (times: number[], windows: Evidence["windows"]) =>
    judge(
      evidenceOf({ accepted: new Map([...aTwice, ["a", times.length]]), repeatedAt: new Map([["a", times]]), windows }),
    );

  it("is doubled when nothing had crashed", () => {
    const found = again([10_000, 20_000], []);
    expect(found).toMatchObject({ doubled: 1, repeats: 0, delivered: 3, examples: { doubled: ["a"] } });
    expect(found.faults).toEqual(["1 accepted again though nothing had crashed: a"]);
  });

  it.each(["deliver", "redis"] as const)("is a repeat when %s was killed right after the first acceptance", (cause) => {
    expect(again([10_000, 40_000], [killedAt(10_500, cause)])).toMatchObject({ doubled: 0, repeats: 1, faults: [] });
  });

  it("is a repeat when the request was under way while deliver was killed", () => {
    expect(again([11_000, 40_000], [killedAt(10_500)])).toMatchObject({ doubled: 0, repeats: 1 });
  });

  it("is doubled when the kill came long after the first acceptance was recorded", () => {
    expect(again([10_000, 40_000], [killedAt(30_000)])).toMatchObject({ doubled: 1, repeats: 0 });
  });

  it("is doubled when the kill was over long before the first acceptance", () => {
    expect(again([30_000, 40_000], [killedAt(10_000)])).toMatchObject({ doubled: 1, repeats: 0 });
  });

  it("is doubled when it came again before the kill", () => {
    expect(again([10_000, 10_100], [killedAt(10_500)])).toMatchObject({ doubled: 1, repeats: 0 });
  });

  it("is a repeat anywhere in a time without Redis", () => {
    const down = { cause: "redis", fromMs: 10_000, untilMs: 30_000 } as const;
    expect(again([19_000, 32_000], [down])).toMatchObject({ doubled: 0, repeats: 1 });
  });

  it("is judged each time: one crash explains one repeat, not the next", () => {
    expect(again([10_000, 20_000, 60_000], [killedAt(10_500)])).toMatchObject({ doubled: 1, repeats: 1 });
  });

  it("is doubled when nobody knows when it was accepted", () => {
    const found = judge(evidenceOf({ accepted: aTwice, windows: [killedAt(10_500)] }));
    expect(found).toMatchObject({ doubled: 1, repeats: 0 });
  });
});

describe("events that Segment refuses", () => {
  const poison = { expected: new Set(["a", "b"]), quarantined: { rejected: 1 } };
  const accepted = new Map([
    ["a", 1],
    ["b", 1],
  ]);

  it("are right in quarantine", () => {
    const workspaces = [aReport({ delivered: 2, quarantined: { rejected: 1 } })];
    expect(judge(evidenceOf({ ...poison, accepted, workspaces })).faults).toEqual([]);
  });

  it("are missed when quarantine does not have them", () => {
    const found = judge(evidenceOf({ ...poison, accepted, workspaces: [aReport({ delivered: 2 })] }));
    expect(found.faults).toEqual(['events in quarantine as "rejected" against those that Segment refuses: 0, not 1']);
  });
});

describe("the relay's own counts", () => {
  it("that do not add up are a fault, in its own words", () => {
    const found = judge(evidenceOf({ workspaces: [aReport({}, ["ingest: in = ends: 3 is not 2"])] }));
    expect(found).toMatchObject({
      conservation: false,
      faults: ["acme does not add up: ingest: in = ends: 3 is not 2"],
    });
  });

  it.each([
    ["in", { in: 2 }],
    ["delivered", { delivered: 4 }],
    ["held", { held: 1 }],
  ])("that differ from what really happened are a fault: %s", (word, events) => {
    const { faults } = judge(evidenceOf({ workspaces: [aReport(events)] }));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(word);
  });

  it("are summed over workspaces", () => {
    const half = { in: 1, delivered: 1, dropped: { duplicate: 1 } };
    const workspaces = [aReport(half), aReport({ ...half, in: 2, delivered: 2 })];
    expect(judge(evidenceOf({ workspaces }))).toMatchObject({ faults: [], dropped: { duplicate: 2 } });
  });

  it("that are missing are a fault", () => {
    expect(judge(evidenceOf({ workspaces: [] })).faults).not.toEqual([]);
  });
});
