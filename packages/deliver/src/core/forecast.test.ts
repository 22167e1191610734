import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drainForecastSeconds, eventsPerSecondBetween, type Flow } from "./forecast.ts";

const flow = (over: Partial<Flow>): Flow => ({
  backlogEvents: 9_000,
  inflowPerSecond: 100,
  allowedPerSecond: 1_000,
  measuredPerSecond: 1_000,
  ...over,
});

describe("the drain forecast", () => {
  it("is the backlog by what leaves faster than comes in", () => {
    expect(drainForecastSeconds(flow({}))).toBe(10);
    expect(drainForecastSeconds(flow({ measuredPerSecond: 550 }))).toBe(20);
  });

  it("believes the allowed rate until something was measured, and never more than is allowed", () => {
    expect(drainForecastSeconds(flow({ measuredPerSecond: undefined }))).toBe(10);
    expect(drainForecastSeconds(flow({ measuredPerSecond: 5_000 }))).toBe(10);
  });

  it("is zero without a backlog, even while nothing may be sent", () => {
    expect(drainForecastSeconds(flow({ backlogEvents: 0, allowedPerSecond: 0 }))).toBe(0);
  });

  it("is infinite while nothing may be sent, and while more comes in than leaves", () => {
    expect(drainForecastSeconds(flow({ allowedPerSecond: 0 }))).toBe(Infinity);
    expect(drainForecastSeconds(flow({ inflowPerSecond: 1_000 }))).toBe(Infinity);
    expect(drainForecastSeconds(flow({ inflowPerSecond: 2_000 }))).toBe(Infinity);
  });

  it("is borne out by a simulation that goes on as now", () => {
    const rate = fc.integer({ min: 0, max: 2_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), rate, rate, (backlogEvents, inflowPerSecond, out) => {
        const seconds = drainForecastSeconds({
          backlogEvents,
          inflowPerSecond,
          allowedPerSecond: out,
          measuredPerSecond: undefined,
        });
        expect(seconds).toBeGreaterThanOrEqual(0);
        if (seconds === Infinity) expect(out).toBeLessThanOrEqual(inflowPerSecond);
        else expect(backlogEvents + seconds * (inflowPerSecond - out)).toBeCloseTo(0, 5);
      }),
    );
  });
});

describe("a measured rate", () => {
  it("is what a counter grew by in the time between two looks", () => {
    expect(eventsPerSecondBetween({ atMs: 1_000, events: 50 }, { atMs: 3_000, events: 250 })).toBe(100);
  });

  it("is not known when no time passed, or when the counter began anew", () => {
    expect(eventsPerSecondBetween({ atMs: 1_000, events: 50 }, { atMs: 1_000, events: 250 })).toBeUndefined();
    expect(eventsPerSecondBetween({ atMs: 1_000, events: 250 }, { atMs: 2_000, events: 50 })).toBeUndefined();
  });
});
