import { expect, test } from "vitest";
import { backlogOf, type FlowSample, ratesBetween, withSample } from "./flow.ts";

const nothing = { ingest: 0, transform: 0, deliver: 0 };
const sample = (more: Partial<FlowSample>): FlowSample => ({
  atMs: 0,
  ended: nothing,
  waiting: nothing,
  held: 0,
  delivered: 0,
  ...more,
});

test("the backlog is all that waits, in files, in queues and held", () => {
  expect(backlogOf(sample({ waiting: { ingest: 1, transform: 20, deliver: 300 }, held: 4_000 }))).toBe(4_321);
});

test("what arrives at a stage is what ended there and what waits there more", () => {
  const earlier = sample({ waiting: { ...nothing, transform: 100 } });
  const later = sample({
    atMs: 10_000,
    ended: { ...nothing, transform: 500 },
    waiting: { ...nothing, transform: 400 },
    delivered: 50,
  });
  expect(ratesBetween(earlier, later)).toMatchObject({
    ended: { transform: 50, deliver: 0 },
    arriving: { transform: 80, deliver: 0 },
    delivered: 5,
    shrinking: -30,
  });
});

test("no rate without time, nor over a start from zero", () => {
  expect(ratesBetween(sample({}), sample({}))).toBeUndefined();
  const before = sample({ ended: { ...nothing, deliver: 10 } });
  expect(ratesBetween(before, sample({ atMs: 1_000 }))).toBeUndefined();
});

const every = { everyMs: 10, windowMs: 30 };
const at = (atMs: number) => ({ atMs });

test("samples keep their distance, and only the last minutes are remembered", () => {
  let samples: { atMs: number }[] = [];
  for (let atMs = 0; atMs <= 100; atMs += 5) samples = withSample(samples, at(atMs), every);
  expect(samples.map(({ atMs }) => atMs)).toEqual([60, 70, 80, 90, 100]);
});

test("a gap leaves the sample before it, and a gap beyond the window leaves none", () => {
  expect(withSample([at(0), at(10)], at(35), every)).toEqual([at(0), at(10), at(35)]);
  expect(withSample([at(0), at(10)], at(1_000), every)).toEqual([at(1_000)]);
});
