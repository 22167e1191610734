import { expect, test } from "vitest";
import { outageReading } from "./gauges-outage.ts";

const stored = (state: object, v = 1) => JSON.stringify({ v, version: 7, state: { sinceMs: 1, untold: [], ...state } });

test("a workspace that nobody has verified yet is unverified", () => {
  expect(outageReading(undefined)).toEqual({ state: "unverified" });
});

test("holding says since when, and why", () => {
  const state = { kind: "holding", operator: false, outage: { openedMs: 5 }, trouble: { reason: "unauthorized" } };
  expect(outageReading(stored(state))).toMatchObject({ state: "holding", openedMs: 5, reason: "unauthorized" });
});

test("an operator's word lies above the trouble with the key", () => {
  const state = { kind: "holding", operator: true, outage: { openedMs: 5 }, trouble: { reason: "unauthorized" } };
  expect(outageReading(stored(state)).reason).toBe("operator");
});

test("a replay with a trial still holds, for the trial's reason", () => {
  expect(outageReading(stored({ kind: "replaying", trial: { reason: "not-found" } })).reason).toBe("not-found");
});

test("flowing holds nothing, and says when the key was verified", () => {
  expect(outageReading(stored({ kind: "flowing", lastVerifiedMs: 9 }))).toEqual({
    state: "flowing",
    openedMs: undefined,
    reason: undefined,
    lastVerifiedMs: 9,
  });
});

test("another version is refused rather than misread", () => {
  expect(() => outageReading(stored({ kind: "flowing" }, 2))).toThrow("version 2 is not known");
});
