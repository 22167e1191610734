import fc from "fast-check";
import { expect, test } from "vitest";
import { rateGate } from "./rate-limit.ts";

test("events within the rate pass, the rest learn how long to wait, and refused ones cost nothing", () => {
  const gate = rateGate({ eventsPerSecond: 1_000 });
  expect(gate("a", 1_000, 0)).toBe(0);
  expect(gate("a", 500, 0)).toBe(500);
  expect(gate("a", 500, 100)).toBe(400);
  expect(gate("a", 500, 500)).toBe(0);
});

test("write keys have their own limits unless the limit is for all", () => {
  const own = rateGate({ eventsPerSecond: 100 });
  expect([own("a", 100, 0), own("b", 100, 0)]).toEqual([0, 0]);
  const shared = rateGate({ eventsPerSecond: 100, scope: "all" });
  expect([shared("a", 100, 0), shared("b", 100, 0)]).toEqual([0, 1_000]);
});

test("a batch larger than the burst passes at last and is paid for afterwards", () => {
  const gate = rateGate({ eventsPerSecond: 100, burst: 50 });
  expect(gate("a", 200, 0)).toBe(0);
  expect(gate("a", 50, 0)).toBe(2_000);
});

test("waiting as long as told is always enough", () => {
  const requests = fc.array(fc.record({ events: fc.integer({ min: 1, max: 2_500 }), laterMs: fc.nat(2_000) }));
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 5_000 }), (sent, eventsPerSecond) => {
      const gate = rateGate({ eventsPerSecond });
      let nowMs = 0;
      for (const { events, laterMs } of sent) {
        nowMs += laterMs;
        const waitMs = gate("a", events, nowMs);
        nowMs += waitMs;
        if (waitMs > 0) expect(gate("a", events, nowMs)).toBe(0);
      }
    }),
  );
});
