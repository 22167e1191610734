import { expect, onTestFinished, test, vi } from "vitest";
import type { RelayConfig } from "../config/schema.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { createStage, type OpenWorkspace } from "./stage.ts";

const never = new AbortController().signal;

/** A configuration as far as a stage looks at it: names of workspaces, and anything that may change in them. */
const configOf = (workspaces: Record<string, number>, rest: object = {}): RelayConfig =>
  ({ version: 1, ...rest, workspaces }) as unknown as RelayConfig;

const aStage = (first: Record<string, number>, againMs = 60_000) => {
  const steps: string[] = [];
  const logged: string[] = [];
  const stopped = new Set<string>();
  const drains = new Map<string, (force: AbortSignal) => Promise<void>>();
  const opening = new Map<string, Promise<void>>();
  const open: OpenWorkspace = async (name) => {
    steps.push(`open ${name}`);
    await opening.get(name);
    return {
      isRunning: () => !stopped.has(name),
      drain: async (force) => {
        steps.push(`drain ${name}`);
        await drains.get(name)?.(force);
        steps.push(`${name} drained`);
      },
    };
  };
  const stage = createStage("deliver", configOf(first), open, { log: gatheringLog(logged), againMs });
  return { stage, steps, logged, stopped, drains, opening };
};
const whenForced = (force: AbortSignal): Promise<void> =>
  new Promise((resolve) => (force.aborted ? resolve() : force.addEventListener("abort", () => resolve())));

test("a stage opens each workspace, and drains them", async () => {
  const { stage, steps } = aStage({ acme: 1, bolt: 1 });
  await stage.start?.();
  expect(steps).toEqual(["open acme", "open bolt"]);
  await stage.drain(never);
  expect(steps.slice(2)).toEqual(["drain acme", "drain bolt", "acme drained", "bolt drained"]);
});

test("a change closes what went, re-opens what changed, opens what came, and leaves the rest running", async () => {
  const { stage, steps } = aStage({ same: 1, changed: 1, gone: 1 });
  await stage.start?.();
  steps.length = 0;
  await stage.apply(configOf({ same: 1, changed: 2, fresh: 1 }));
  expect(steps.filter((step) => !step.includes("gone"))).toEqual([
    "drain changed",
    "changed drained",
    "open fresh",
    "open changed",
  ]);
  expect(steps.filter((step) => step.includes("gone"))).toEqual(["drain gone", "gone drained"]);
});

test("one that takes long to end, and one that cannot be opened, keep no other waiting", async () => {
  const { stage, steps, drains, opening } = aStage({ slow: 1, changed: 1 });
  await stage.start?.();
  steps.length = 0;
  const ended = Promise.withResolvers<void>();
  drains.set("slow", () => ended.promise);
  opening.set("bad", Promise.reject(new Error("no")));
  const applied = stage.apply(configOf({ slow: 2, bad: 1, changed: 2, fresh: 1 }));
  await vi.waitFor(() => expect(steps).toContain("open changed"), { timeout: 8_000 });
  expect(steps).toContain("open fresh");
  expect(steps).not.toContain("open slow");
  ended.resolve();
  await expect(applied).rejects.toThrow("no");
  expect(steps.slice(-2)).toEqual(["slow drained", "open slow"]);
  expect(stage.unreadyReasons()).toEqual(["deliver of bad is not open: no"]);
});

test("one that cannot be opened at the start keeps no other from its work, and is opened when it can be", async () => {
  const { stage, steps, logged, stopped, opening } = aStage({ acme: 1, bad: 1 }, 5);
  opening.set("bad", Promise.reject(new Error("no")));
  await stage.start?.();
  expect(steps).toContain("open acme");
  expect(stage.unreadyReasons()).toEqual(["deliver of bad is not open: no"]);
  expect([stage.notOpen(), stage.isWorking()]).toEqual([["deliver of bad is not open: no"], true]);
  await eventually(() => expect(logged.filter((line) => line === "workspace.not-open").length).toBeGreaterThan(2));
  opening.delete("bad");
  await eventually(() => expect(stage.unreadyReasons()).toEqual([]));
  expect(logged.at(-1)).toBe("workspace.opened");
  stopped.add("acme");
  expect([stage.notOpen(), stage.isWorking()]).toEqual([[], false]);
  expect(steps.filter((step) => step === "open acme")).toHaveLength(1);
  await stage.drain(never);
});

test("a start in which none can be opened fails", async () => {
  const { stage, opening } = aStage({ bad: 1, worse: 1 });
  for (const name of ["bad", "worse"]) opening.set(name, Promise.reject(new Error(`no ${name}`)));
  await expect(stage.start?.()).rejects.toThrow("deliver of bad is not open: no bad");
  expect(stage.isWorking()).toBe(false);
});

test("what could not be opened after a change is tried again, unless the next change takes it away, or it ends", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { stage, steps, opening } = aStage({ acme: 1 });
  await stage.start?.();
  opening.set("bad", Promise.reject(new Error("no")));
  const tries = () => steps.filter((step) => step === "open bad").length;
  await expect(stage.apply(configOf({ acme: 1, bad: 1 }))).rejects.toThrow("no");
  await vi.advanceTimersByTimeAsync(120_000);
  expect(tries()).toBe(3);
  await stage.apply(configOf({ acme: 1 }));
  await vi.advanceTimersByTimeAsync(120_000);
  expect([tries(), vi.getTimerCount(), stage.unreadyReasons()]).toEqual([3, 0, []]);
  await expect(stage.apply(configOf({ acme: 1, bad: 2 }))).rejects.toThrow("no");
  await stage.drain(never);
  expect([tries(), vi.getTimerCount()]).toEqual([4, 0]);
});

test("what all workspaces share re-opens all of them when it changes", async () => {
  const { stage, steps } = aStage({ acme: 1 });
  await stage.start?.();
  steps.length = 0;
  await stage.apply(configOf({ acme: 1 }, { limits: 2 }));
  expect(steps).toEqual(["drain acme", "acme drained", "open acme"]);
});

test("changes are applied one after the other, also after one that failed", async () => {
  const { stage, steps, opening } = aStage({});
  opening.set("acme", Promise.reject(new Error("no")));
  await stage.start?.();
  const first = stage.apply(configOf({ acme: 1 }));
  const second = stage.apply(configOf({ bolt: 1 }));
  await expect(first).rejects.toThrow("no");
  await second;
  expect(steps).toEqual(["open acme", "open bolt"]);
});

test("it is unready while a workspace has stopped, is not open, or while it ends", async () => {
  const { stage, stopped, opening } = aStage({ acme: 1 });
  await stage.start?.();
  expect(stage.unreadyReasons()).toEqual([]);
  stopped.add("acme");
  opening.set("bolt", Promise.reject(new Error("no")));
  await expect(stage.apply(configOf({ acme: 1, bolt: 1 }))).rejects.toThrow("no");
  expect(stage.unreadyReasons()).toEqual(["deliver of acme has stopped", "deliver of bolt is not open: no"]);
  const drained = stage.drain(never);
  expect(stage.unreadyReasons()).toEqual(["deliver is ending"]);
  await drained;
});

test("a drain waits for the change under way, which opens nothing more, and drains what it had opened", async () => {
  const { stage, steps, opening } = aStage({ acme: 1, bolt: 1 });
  const acme = Promise.withResolvers<void>();
  opening.set("acme", acme.promise);
  const started = stage.start?.();
  await new Promise(setImmediate);
  const drained = stage.drain(never);
  acme.resolve();
  await Promise.all([started, drained]);
  expect(steps).toEqual(["open acme", "drain acme", "acme drained"]);
});

test("a forced drain forces also the workspace that a change is closing", async () => {
  const { stage, drains } = aStage({ acme: 1, bolt: 1 });
  for (const name of ["acme", "bolt"]) drains.set(name, whenForced);
  await stage.start?.();
  const changed = stage.apply(configOf({ bolt: 1 }));
  const force = new AbortController();
  const drained = stage.drain(force.signal);
  force.abort();
  await Promise.all([changed, drained]);
});

test("a drain that is forced from the start is forced", async () => {
  const { stage, drains } = aStage({ acme: 1 });
  drains.set("acme", whenForced);
  await stage.start?.();
  await stage.drain(AbortSignal.abort());
});
