import fc from "fast-check";
import { expect, test } from "vitest";
import { desiredWorkers, drainTargetSeconds, learnCapacity, type StageLoad } from "./desired-workers.ts";

const load = (more: Partial<StageLoad>): StageLoad => ({
  backlogEvents: 0,
  arrivingPerSecond: 0,
  endedPerSecond: 0,
  allowedPerSecond: Infinity,
  ...more,
});

test("one worker stays when there is nothing to do", () => {
  expect(desiredWorkers([], 1_000)).toBe(1);
  expect(desiredWorkers([load({})], 1_000)).toBe(1);
});

test("as many as what arrives needs, over all workspaces", () => {
  expect(desiredWorkers([load({ arrivingPerSecond: 1_500 }), load({ arrivingPerSecond: 1_000 })], 1_000)).toBe(3);
});

test("more for a backlog, so that it is gone in the drain target", () => {
  const backlogEvents = 4_000 * drainTargetSeconds;
  expect(desiredWorkers([load({ arrivingPerSecond: 1_000, backlogEvents })], 1_000)).toBe(5);
});

test("what a rate limit holds back asks for no worker", () => {
  const waiting = { backlogEvents: 10_000_000, arrivingPerSecond: 500 };
  expect(desiredWorkers([load({ ...waiting, allowedPerSecond: 950 })], 1_000)).toBe(1);
  expect(desiredWorkers([load({ ...waiting, allowedPerSecond: 0 })], 1_000)).toBe(1);
});

test("never less for more work", () => {
  const someLoad = fc.record({
    backlogEvents: fc.nat(1e9),
    arrivingPerSecond: fc.nat(1e6),
    endedPerSecond: fc.nat(1e6),
    allowedPerSecond: fc.nat(1e6),
  });
  fc.assert(
    fc.property(fc.array(someLoad), someLoad, fc.integer({ min: 1, max: 1e6 }), (loads, more, capacity) => {
      const [less, all] = [desiredWorkers(loads, capacity), desiredWorkers([...loads, more], capacity)];
      expect(all).toBeGreaterThanOrEqual(less);
      expect(less).toBeGreaterThanOrEqual(1);
    }),
  );
});

const pressed = load({ backlogEvents: 1_000_000, endedPerSecond: 3_000 });

test("what a worker carries is learned step by step while there is more work than workers can do", () => {
  let capacity = 10_000;
  for (let step = 0; step < 60; step += 1) capacity = learnCapacity(capacity, [pressed], 2);
  expect(capacity).toBeGreaterThan(1_450);
  expect(capacity).toBeLessThan(1_600);
  expect(learnCapacity(10_000, [pressed], 2)).toBeGreaterThan(8_000);
});

test("nothing is learned from workers that keep up, wait for a rate limit, stand still, or are not there", () => {
  const keepsUp = load({ backlogEvents: 1_000, endedPerSecond: 3_000 });
  const limited = load({ backlogEvents: 1_000_000, endedPerSecond: 900, allowedPerSecond: 950 });
  const still = load({ backlogEvents: 1_000_000 });
  for (const one of [keepsUp, limited, still]) expect(learnCapacity(10_000, [one], 2)).toBe(10_000);
  expect(learnCapacity(10_000, [pressed], 0)).toBe(10_000);
});
