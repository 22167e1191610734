import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Checks, checkEveryMs, currentForMs, nextCheckInMs } from "./credential-schedule.ts";
import type { OutageEvent } from "./outage-event.ts";
import { firstOutageState, type OutageState } from "./outage-state.ts";
import { step } from "./outage.ts";

const minute = 60_000;
const ofKey = { keyFingerprint: "key-1" };
const states = (() => {
  const walk = (...events: OutageEvent[]): OutageState =>
    events.reduce((state, event) => step(state, event).state, firstOutageState);
  const begin: OutageEvent[] = [
    { kind: "keyChanged", ...ofKey, atMs: 0 },
    { kind: "probe", result: "known", ...ofKey, atMs: 1_000 },
  ];
  const refused: OutageEvent = { kind: "refused", reason: "forbidden", ...ofKey, atMs: 5_000 };
  return {
    unverified: walk(begin[0]!),
    flowing: walk(...begin),
    unknownKey: walk(...begin, { kind: "probe", result: "unknown", ...ofKey, atMs: 5_000 }),
    refused: walk(...begin, refused),
    trial: walk(...begin, refused, { kind: "probe", result: "known", ...ofKey, atMs: 6_000 }),
    newKey: walk(...begin, refused, { kind: "keyChanged", keyFingerprint: "key-2", atMs: 9_000 }),
    paused: walk(...begin, { kind: "operatorHold", atMs: 5_000 }),
  };
})();
const checks = (state: OutageState, over: Partial<Checks> = {}): Checks => ({
  state,
  everyMs: minute,
  answeredMs: undefined,
  undecidedInRow: 0,
  ...over,
});

describe("the settings endpoint is asked", () => {
  it("at once about a key that was never verified, before anything is sent", () => {
    expect(nextCheckInMs(checks(states.unverified), 0)).toBe(0);
    expect(nextCheckInMs(checks(states.newKey), 9_000)).toBe(0);
  });

  it("every interval while delivering, counted from the last good word of whichever pod", () => {
    expect(nextCheckInMs(checks(states.flowing), 1_000)).toBe(minute);
    expect(nextCheckInMs(checks(states.flowing), 31_000)).toBe(30_000);
    expect(nextCheckInMs(checks(states.flowing), 61_000)).toBe(0);
    expect(nextCheckInMs(checks(states.flowing), 999_000)).toBe(0);
    expect(nextCheckInMs(checks(states.trial), 6_000)).toBe(minute);
  });

  it("every 30 s about a key that is not known, or more often where the interval is shorter", () => {
    expect(nextCheckInMs(checks(states.unknownKey), 5_000)).toBe(30_000);
    expect(nextCheckInMs(checks(states.unknownKey, { everyMs: 2_000 }), 5_000)).toBe(2_000);
    expect(nextCheckInMs(checks(states.paused), 1_000)).toBe(30_000);
  });

  it("every interval after a refusal, counted from it: a good word lets a trial batch go", () => {
    expect(nextCheckInMs(checks(states.refused), 5_000)).toBe(minute);
    expect(nextCheckInMs(checks(states.refused, { answeredMs: 20_000 }), 50_000)).toBe(30_000);
  });

  it("after 1 s, 2 s, 4 s and so on up to 30 s while it cannot say, whatever the state", () => {
    for (const state of Object.values(states)) {
      const waits = [1, 2, 3, 4, 5, 6, 60, 2_000].map((undecidedInRow) =>
        checkEveryMs(checks(state, { undecidedInRow })),
      );
      expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }
    expect(nextCheckInMs(checks(states.flowing, { undecidedInRow: 3, answeredMs: 70_000 }), 71_000)).toBe(3_000);
  });

  it("never later than its interval, however wrong another pod's clock is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(states)),
        fc.record({ everyMs: fc.integer({ min: 1, max: 3_600_000 }), undecidedInRow: fc.nat(50) }),
        fc.integer({ min: -1e12, max: 1e12 }),
        (state, over, nowMs) => {
          const waitMs = nextCheckInMs(checks(state, over), nowMs);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(over.everyMs);
        },
      ),
    );
  });
});

it("a word on a key is recent enough for longer than the next one may take", () => {
  expect(currentForMs({ everyMs: minute, timeoutMs: 10_000 })).toBeGreaterThan(minute + 10_000);
  expect(currentForMs({ everyMs: minute, timeoutMs: 10_000 })).toBeLessThan(90_000);
});
