import fc from "fast-check";
import { expect, test } from "vitest";
import { planFiles } from "./plan-files.ts";

const options = { codec: "mixed", layout: "mixed", corrupt: true, truncated: true } as const;

test("every event is in one file, no file is empty or too large, and the types share evenly", () => {
  const types = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 90 });
  fc.assert(
    fc.property(
      types,
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 1, max: 900 }),
      (eventTypes, events, eventsPerFile) => {
        const plans = planFiles({ ...options, events, eventTypes, eventsPerFile });
        expect(plans.reduce((sum, plan) => sum + plan.records, 0)).toBe(events);
        expect(plans.every((plan) => plan.records > 0 && plan.records <= eventsPerFile)).toBe(true);
        const perType = eventTypes.map((type) =>
          plans.filter((plan) => plan.eventType === type).reduce((sum, plan) => sum + plan.records, 0),
        );
        expect(Math.max(...perType) - Math.min(...perType)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("the faults are in different files where there are three, and each is there once", () => {
  const faultsOf = (events: number) =>
    planFiles({ ...options, events, eventTypes: ["a"], eventsPerFile: 10 }).map((plan) => plan.faults);
  expect(faultsOf(40)).toEqual([[], ["corrupt-block"], ["truncated"], []]);
  expect(faultsOf(20)).toEqual([["truncated"], ["corrupt-block"]]);
  expect(faultsOf(10)).toEqual([["corrupt-block", "truncated"]]);
});

test("mixed files come in every codec and in both of Braze's layouts", () => {
  const plans = planFiles({ ...options, events: 80, eventTypes: ["a"], eventsPerFile: 10 });
  expect(new Set(plans.map((plan) => `${plan.codec} ${plan.layout}`)).size).toBe(8);
});
