import { describe, expect, it } from "vitest";
import { latenciesOf, noiseMs, slowParts } from "./latency.ts";

const phases = [
  { name: "before", fromMs: 0 },
  { name: "outage", fromMs: 1_000 },
];

describe("latencies", () => {
  it("are those of the phase in which an id landed, by workspace", () => {
    const landings = new Map([
      ["a", { workspace: "acme", atMs: 100 }],
      ["b", { workspace: "acme", atMs: 1_100 }],
      ["c", { workspace: "globex", atMs: 999 }],
    ]);
    const accepted = [
      { id: "a", atMs: 150 },
      { id: "c", atMs: 1_009 },
      { id: "b", atMs: 9_100 },
    ];
    expect(latenciesOf(accepted, landings, phases)).toEqual([
      { workspace: "acme", phase: "before", events: 1, p50Ms: 50, p99Ms: 50 },
      { workspace: "globex", phase: "before", events: 1, p50Ms: 10, p99Ms: 10 },
      { workspace: "acme", phase: "outage", events: 1, p50Ms: 8_000, p99Ms: 8_000 },
    ]);
  });

  it("have the middle and the slowest but one in a hundred", () => {
    const ids = Array.from({ length: 100 }, (_, index) => String(index + 1));
    const landings = new Map(ids.map((id) => [id, { workspace: "acme", atMs: 0 }]));
    const accepted = ids.map((id) => ({ id, atMs: Number(id) })).toReversed();
    expect(latenciesOf(accepted, landings, phases)).toMatchObject([{ events: 100, p50Ms: 50, p99Ms: 99 }]);
  });

  it("count the first acceptance of an id, and no id that did not land", () => {
    const landings = new Map([["a", { workspace: "acme", atMs: 0 }]]);
    const accepted = [
      { id: "a", atMs: 10 },
      { id: "a", atMs: 900 },
      { id: "z", atMs: 5 },
    ];
    expect(latenciesOf(accepted, landings, phases)).toMatchObject([{ events: 1, p99Ms: 10 }]);
  });
});

describe("the p99 beside somebody else's trouble", () => {
  const expected = { workspace: "globex", asFastAs: "before" };
  const parts = [
    { name: "before", fromMs: 0 },
    { name: "outage", fromMs: 1, expected },
  ];
  const latency = (phase: string, p99Ms: number) => ({ workspace: "globex", phase, events: 9, p50Ms: 1, p99Ms });

  it("may be a fifth higher than before, and the noise", () => {
    expect(slowParts([latency("before", 1_000), latency("outage", 1_200 + noiseMs)], parts)).toEqual([]);
    expect(slowParts([latency("before", 1_000), latency("outage", 1_201 + noiseMs)], parts)).toEqual([
      "globex: p99 1351 ms outage, not 1350 ms (1000 ms before)",
    ]);
  });

  it("that was not measured is a fault", () => {
    expect(slowParts([latency("before", 1_000)], parts)).toEqual(['globex has no latencies "before" and "outage"']);
  });
});
