import { expect, test } from "vitest";
import { differencesOf, sustained } from "./gauges-conservation.ts";
import type { WorkspaceReading } from "./gauges-reading.ts";

const balanced = (): WorkspaceReading => ({
  status: {
    workspace: "acme",
    tallies: {
      ingest: { in: 100, ok: 90, "quarantined:bad-record": 10, "file:done": 2 },
      transform: { in: 70, ok: 60, "dropped:duplicate": 10 },
      deliver: { in: 30, ok: 25, "dropped:expired": 5 },
    },
    filesWaiting: 0,
    quarantineEntries: 0,
    waiting: { transform: 20, deliver: 10, held: 20, quarantined: 10 },
    spoolBytes: 1,
    suspect: { events: 0, unkept: 0 },
  },
  jobs: { ingest: 0, transform: 0, deliver: 0 },
  outage: { state: "flowing" },
  backOffUntilMs: 0,
  schemas: {},
  sourceFaults: [],
});
const none = { ingest: 0, transform: 0, deliver: 0, "ingest to transform": 0, "transform to deliver": 0 };

test("counters that add up differ nowhere", () => {
  expect(differencesOf(balanced())).toEqual(none);
});

test("an event that a stage took and did not end is missing there", () => {
  const reading = balanced();
  reading.status.tallies.transform["dropped:duplicate"] = 9;
  expect(differencesOf(reading)).toEqual({ ...none, transform: 1 });
});

test("an event that was given on and is nowhere is missing, whatever is under way", () => {
  const reading = balanced();
  reading.status.waiting.deliver = 7;
  reading.jobs.transform = 5;
  expect(differencesOf(reading)).toEqual({ ...none, "transform to deliver": 3 });
});

test("more than was given on is a difference only when no job is under way that will count it", () => {
  const reading = balanced();
  reading.status.waiting.transform = 24;
  expect(differencesOf(reading)).toEqual({ ...none, "ingest to transform": -4 });
  reading.jobs.ingest = 1;
  expect(differencesOf(reading)).toEqual(none);
});

test("a difference counts when it stays: its smallest height, and nothing when it comes and goes", () => {
  expect(sustained([5, 3, 4])).toBe(3);
  expect(sustained([-5, -3, -4])).toBe(-3);
  expect(sustained([5, 0, 4])).toBe(0);
  expect(sustained([5, -3])).toBe(0);
  expect(sustained([])).toBe(0);
});
