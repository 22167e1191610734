import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expiryRemainingMs, lagMs } from "@currents-relay/shared/core/lag.ts";
import { isExpired, usedShare } from "./expiry.ts";

const hour = 3_600_000;
const heldSince = 1_000 * hour;
const clock = { afterMs: 48 * hour, oldestHeldMs: heldSince };

describe("the clock of an outage", () => {
  it("runs from the oldest held event, hour by hour over 121 hours, and goes on below zero", () => {
    for (let age = 0; age <= 121; age += 1) {
      const nowMs = heldSince + age * hour;
      expect(expiryRemainingMs(clock, nowMs)).toBe((48 - age) * hour);
      expect(isExpired({ afterMs: clock.afterMs, heldMs: heldSince }, nowMs)).toBe(age >= 48);
      expect(usedShare(clock, nowMs)).toBeCloseTo(age / 48);
    }
  });

  it("shows the whole window while nothing is held", () => {
    const idle = { afterMs: 48 * hour, oldestHeldMs: undefined };
    expect(expiryRemainingMs(idle, heldSince)).toBe(48 * hour);
    expect(usedShare(idle, heldSince)).toBe(0);
  });

  it("gives no event more than its window, however far ahead the clock was that stamped it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.integer({ min: 0, max: 1e12 }), (oldestHeldMs, nowMs) => {
        expect(expiryRemainingMs({ afterMs: hour, oldestHeldMs }, nowMs)).toBeLessThanOrEqual(hour);
      }),
    );
  });
});

describe("lag", () => {
  it("is the age of the oldest undelivered event, and nothing when all is delivered", () => {
    expect(lagMs(1_000, 4_500)).toBe(3_500);
    expect(lagMs(undefined, 4_500)).toBe(0);
    expect(lagMs(5_000, 4_500)).toBe(0);
  });
});
