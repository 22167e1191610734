import { expect, test } from "vitest";
import { sparing } from "./sparing.ts";

const never = new AbortController().signal;
const busy = (ms: number): void => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};

test("rests after each work for so long that it has its share of the time", async () => {
  const run = sparing(1 / 5);
  const begun: number[] = [];
  const work = () => {
    begun.push(performance.now());
    busy(10);
    return Promise.resolve();
  };
  await Promise.all([run(work, never), run(work, never), run(work, never)]);
  const [first = 0, second = 0, third = 0] = begun;
  // A timer of 40 ms may end a fraction of one early.
  expect(second - first).toBeGreaterThanOrEqual(49);
  expect(third - second).toBeGreaterThanOrEqual(49);
});

test("one that fails says so to who asked, and the next one comes after its rest", async () => {
  const run = sparing(1 / 5);
  let failedMs = 0;
  const failing = run(() => {
    busy(10);
    failedMs = performance.now();
    return Promise.reject(new Error("no"));
  }, never);
  const next = run(() => Promise.resolve(expect(performance.now() - failedMs).toBeGreaterThanOrEqual(39)), never);
  await expect(failing).rejects.toThrow("no");
  await next;
});

test("an abort ends the rests", async () => {
  const run = sparing(1 / 1_000_000);
  const ending = new AbortController();
  let runs = 0;
  const work = () => {
    busy(2);
    runs += 1;
    return Promise.resolve();
  };
  const all = [run(work, ending.signal), run(work, ending.signal), run(work, ending.signal)];
  setImmediate(() => ending.abort());
  await Promise.all(all);
  expect(runs).toBe(3);
});

test("no rest is longer than the longest one, however long the work had to wait", async () => {
  const run = sparing(1 / 100_000, 20);
  const work = () => Promise.resolve(busy(5));
  const begunMs = performance.now();
  await Promise.all([run(work, never), run(work, never)]);
  expect(performance.now() - begunMs).toBeLessThan(10_000); // else 1,000 s
});
