import { expect, test } from "vitest";
import { gatheringLog } from "../testing/gathering-log.ts";
import { createLifecycle, onSignals, type Part, unlessForced } from "./lifecycle.ts";

const quietly = gatheringLog([]);

/** Parts that say what is done to them, unless a test gives them something else to do. */
const parts = (overrides: Record<string, Partial<Part>> = {}) => {
  const steps: string[] = [];
  const all = ["a", "b", "c"].map((name) => ({
    name,
    start: async () => {
      steps.push(`start ${name}`);
      await overrides[name]?.start?.();
      steps.push(`${name} started`);
    },
    drain: async (force: AbortSignal) => {
      steps.push(`drain ${name}`);
      await overrides[name]?.drain?.(force);
      steps.push(`${name} drained`);
    },
  }));
  return { all, steps };
};
const whenForced = (force: AbortSignal): Promise<void> =>
  new Promise((resolve) => (force.aborted ? resolve() : force.addEventListener("abort", () => resolve())));
const never = () => new Promise<never>(() => undefined);

test("parts start in order, each when the one before has, and drain in reverse", async () => {
  const { all, steps } = parts();
  const lifecycle = createLifecycle(all, quietly);
  await lifecycle.start();
  expect(steps).toEqual(["start a", "a started", "start b", "b started", "start c", "c started"]);
  steps.length = 0;
  await lifecycle.stop();
  expect(steps).toEqual(["drain c", "c drained", "drain b", "b drained", "drain a", "a drained"]);
});

test("a start that fails drains what has started, the failed part too, and rejects with the error", async () => {
  const { all, steps } = parts({ b: { start: () => Promise.reject(new Error("the port is in use")) } });
  const lifecycle = createLifecycle(all, quietly);
  await expect(lifecycle.start()).rejects.toThrow("the port is in use");
  expect(steps).toEqual(["start a", "a started", "start b", "drain b", "b drained", "drain a", "a drained"]);
  await lifecycle.stop();
  expect(steps).toHaveLength(7);
});

test("a part that fails to drain does not keep the others from it", async () => {
  const logged: string[] = [];
  const { all, steps } = parts({ c: { drain: () => Promise.reject(new Error("no")) } });
  const lifecycle = createLifecycle(all, gatheringLog(logged));
  await lifecycle.start();
  await lifecycle.stop();
  expect(steps.slice(-4)).toEqual(["drain b", "b drained", "drain a", "a drained"]);
  expect(logged).toEqual(["drain.failed"]);
});

test("stopping twice forces: what waits gives back and ends", async () => {
  const { all, steps } = parts({ c: { drain: whenForced } });
  const lifecycle = createLifecycle(all, quietly);
  await lifecycle.start();
  const first = lifecycle.stop();
  expect(steps.at(-1)).toBe("drain c");
  const second = lifecycle.stop();
  expect(second).toBe(first);
  await first;
  expect(steps.slice(-6)).toEqual(["drain c", "c drained", "drain b", "b drained", "drain a", "a drained"]);
});

test("the parts after a forced one are forced too", async () => {
  const { all } = parts({ c: { drain: whenForced }, b: { drain: whenForced }, a: { drain: whenForced } });
  const lifecycle = createLifecycle(all, quietly);
  await lifecycle.start();
  void lifecycle.stop();
  await lifecycle.stop();
});

test("a drain that takes longer than the deadline is forced", async () => {
  const { all, steps } = parts({ c: { drain: whenForced } });
  const lifecycle = createLifecycle(all, quietly, { deadlineMs: 30 });
  await lifecycle.start();
  await lifecycle.stop();
  expect(steps.at(-1)).toBe("a drained");
});

test("parts that hang even when forced are left behind one after the other, and said", async () => {
  const logged: string[] = [];
  const { all, steps } = parts({ c: { drain: never }, b: { drain: never } });
  const lifecycle = createLifecycle(all, gatheringLog(logged), { deadlineMs: 10, forcedMs: 20 });
  await lifecycle.start();
  await lifecycle.stop();
  expect(steps.slice(-4)).toEqual(["drain c", "drain b", "drain a", "a drained"]);
  expect(logged).toEqual(["drain.failed", "drain.failed"]);
});

test("stopping before the start leaves nothing to start", async () => {
  const { all, steps } = parts();
  const lifecycle = createLifecycle(all, quietly);
  await lifecycle.stop();
  await lifecycle.start();
  expect(steps).toEqual([]);
});

test("stopping while it starts drains what has started, starts nothing more, and is no failure", async () => {
  const starting = Promise.withResolvers<void>();
  // As with Redis away: the start ends with an error because the drain closed the connection.
  const { all, steps } = parts({
    b: { start: () => starting.promise, drain: () => starting.reject(new Error("Connection is closed.")) },
  });
  const lifecycle = createLifecycle(all, quietly);
  const started = lifecycle.start();
  await new Promise(setImmediate);
  await lifecycle.stop();
  await started;
  expect(steps).toEqual(["start a", "a started", "start b", "drain b", "b drained", "drain a", "a drained"]);
});

test("stopping while a part starts in good order starts no further part", async () => {
  const starting = Promise.withResolvers<void>();
  const { all, steps } = parts({ b: { start: () => starting.promise } });
  const lifecycle = createLifecycle(all, quietly);
  const started = lifecycle.start();
  await new Promise(setImmediate);
  const stopped = lifecycle.stop();
  starting.resolve();
  await Promise.all([started, stopped]);
  expect(steps).not.toContain("start c");
});

test("a drain leaves no timer behind that keeps the process alive", async () => {
  const { all } = parts({ c: { drain: whenForced } });
  const lifecycle = createLifecycle(all, quietly, { deadlineMs: 3_600_000, forcedMs: 3_600_000 });
  await lifecycle.start();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  void lifecycle.stop();
  await lifecycle.stop();
  expect(timers()).toBe(before);
});

test("signals stop, again and again, until that is taken back", () => {
  const listeners = () => [process.listeners("SIGTERM"), process.listeners("SIGINT")];
  const before = listeners();
  const heard: string[] = [];
  const release = onSignals((signal) => heard.push(signal));
  for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) process.emit(signal, signal);
  release();
  expect(heard).toEqual(["SIGTERM", "SIGINT", "SIGTERM"]);
  expect(listeners()).toEqual(before);
});

test("what need not be waited for when forced is waited for until then", async () => {
  const force = new AbortController();
  const work = Promise.withResolvers<void>();
  let isOver = false;
  const waiting = unlessForced(force.signal, work.promise).then(() => (isOver = true));
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  force.abort();
  await waiting;
  await unlessForced(AbortSignal.abort(), work.promise);
  await unlessForced(new AbortController().signal, Promise.resolve());
  await expect(unlessForced(new AbortController().signal, Promise.reject(new Error("no")))).rejects.toThrow("no");
});
