import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { jobsInHand } from "./jobs-in-hand.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const reasonOf = ({ aborted, reason }: AbortSignal): string => (aborted ? (reason as Error).message : "ours");

test("a lock is trusted for three quarters of its time, from the last word of Redis on", () => {
  const inHand = jobsInHand(20_000);
  const { signal } = inHand.begin("t-a-0");
  vi.advanceTimersByTime(14_000);
  inHand.renewed(["t-a-0", "t-somebody-else"]);
  vi.advanceTimersByTime(14_999);
  expect(reasonOf(signal)).toBe("ours");
  vi.advanceTimersByTime(1);
  expect(reasonOf(signal)).toBe("the job's lock was not renewed in time");
});

test("a lock that Redis says is lost ends that run alone", () => {
  const inHand = jobsInHand(20_000);
  const [lost, kept] = [inHand.begin("t-a-0"), inHand.begin("t-a-1")];
  inHand.lost(["t-a-0", "t-somebody-else"]);
  expect([reasonOf(lost.signal), reasonOf(kept.signal)]).toEqual(["the job's lock was lost", "ours"]);
});

test("a job that comes a second time ends the first run, whose end does not touch the second", () => {
  const inHand = jobsInHand(20_000);
  const first = inHand.begin("t-a-0");
  const second = inHand.begin("t-a-0");
  expect(reasonOf(first.signal)).toMatch(/a second time/);
  first.end();
  expect(inHand.isEmpty()).toBe(false);
  inHand.lost(["t-a-0"]);
  expect(reasonOf(second.signal)).toBe("the job's lock was lost");
});

test("a run that has ended is neither in hand nor watched", () => {
  const inHand = jobsInHand(20_000);
  const run = inHand.begin("t-a-0");
  run.end();
  expect(inHand.isEmpty()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("all runs in hand can be ended for one reason", () => {
  const inHand = jobsInHand(20_000);
  const runs = ["t-a-0", "t-a-1"].map(inHand.begin);
  inHand.abortAll(new Error("the worker is ending"));
  expect(runs.map(({ signal }) => reasonOf(signal))).toEqual(["the worker is ending", "the worker is ending"]);
});
