import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Admission, admissions, pauseShares } from "./admission.ts";

const open: Admission = { objects: "open", requests: "open" };
const full: Admission = { objects: "redis-memory", requests: "redis-memory" };
const MB = 1_000_000;

/** Workspaces by the payload that they have waiting. */
const use = (usedShare: number, spools: Record<string, number>, budgetBytes = 1_000 * MB) => ({
  usedBytes: usedShare * 100 * MB,
  limitBytes: 100 * MB,
  workspaces: new Map(Object.entries(spools).map(([name, spoolBytes]) => [name, { spoolBytes, budgetBytes }])),
});
const judge = (...args: Parameters<typeof use>) => Object.fromEntries(admissions(use(...args), new Map()));

describe("who may bring more into Redis", () => {
  it("is everybody while there is room", () => {
    expect(judge(0.5, { a: 40 * MB, b: 0 })).toEqual({ a: open, b: open });
  });

  it("is not who has used up its own budget, whatever Redis has left", () => {
    const paused = { objects: "spool-budget", requests: "spool-budget" };
    expect(judge(0.1, { a: 41 * MB, b: 3 * MB }, 40 * MB)).toEqual({ a: paused, b: open });
  });

  it("is at 60 % no more who holds most, with its files first, so that the others go on", () => {
    expect(judge(0.6, { a: 50 * MB, b: 2 * MB, c: 0 })).toEqual({
      a: { objects: "redis-memory", requests: "open" },
      b: open,
      c: open,
    });
  });

  it("is at 75 % nobody's files, at 85 % not the requests of who holds most, at 92 % nothing", () => {
    const files = { objects: "redis-memory", requests: "open" };
    expect(judge(0.75, { a: 50 * MB, b: 2 * MB })).toEqual({ a: files, b: files });
    expect(judge(0.85, { a: 50 * MB, b: 2 * MB })).toEqual({ a: full, b: files });
    expect(judge(0.92, { a: 50 * MB, b: 2 * MB })).toEqual({ a: full, b: full });
  });

  it("goes on a little below where it stopped, so that it does not flutter", () => {
    const before = admissions(use(0.6, { a: 50 * MB, b: MB }), new Map());
    const later = (share: number) => admissions(use(share, { a: 50 * MB, b: MB }), before).get("a")?.objects;
    expect([later(0.59), later(0.56), later(0.54)]).toEqual(["redis-memory", "redis-memory", "open"]);
  });

  it("is everybody where Redis has no limit", () => {
    const unlimited = { ...use(9, { a: 50 * MB }), limitBytes: Infinity };
    expect(Object.fromEntries(admissions(unlimited, new Map()))).toEqual({ a: open });
  });

  it("never loses a file's place to a request's, and never pauses the smaller one before the larger", () => {
    const sizes = fc.dictionary(fc.stringMatching(/^[a-d]$/), fc.nat(100 * MB), { minKeys: 1 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1.2, noNaN: true }), sizes, (share, spools) => {
        const found = admissions(use(share, spools), new Map());
        for (const [name, { objects, requests }] of found) {
          if (requests !== "open") expect(objects).not.toBe("open");
          for (const [other, { objects: others }] of found)
            if ((spools[other] ?? 0) > (spools[name] ?? 0) && objects !== "open") expect(others).not.toBe("open");
          if (share >= pauseShares.requests) expect([objects, requests]).not.toContain("open");
        }
      }),
    );
  });
});
