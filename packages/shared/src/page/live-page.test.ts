import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { livePage } from "./live-page.ts";
import type { PageView } from "./page-view.ts";
import { aPageView } from "./page-view.testing.ts";

const everyMs = 5;

interface PageOptions {
  mostViewers?: number;
  withinMs?: number;
  fault?: () => Error | undefined;
  waitFor?: () => Promise<void>;
}

const aPage = (options: PageOptions = {}) => {
  let readings = 0;
  const faults: unknown[] = [];
  const read = async () => {
    const fault = options.fault?.();
    if (fault) throw fault;
    const view = aPageView(++readings * 1_000);
    await options.waitFor?.();
    return view;
  };
  const page = livePage({ read, onFault: (error) => faults.push(error), everyMs, ...options });
  return { page, readings: () => readings, faults };
};

test("all who look are shown one reading, and nothing is read while nobody looks", async () => {
  const { page, readings } = aPage();
  const [first, second] = [vi.fn<(view: PageView) => void>(), vi.fn<(view: PageView) => void>()];
  const leave = [page.watch(first), page.watch(second)];
  await eventually(() => expect(second.mock.calls.length).toBeGreaterThan(3));
  expect(readings()).toBe(first.mock.calls.length);
  for (const end of leave) end?.();
  const before = readings();
  // Nothing tells that nothing happens: so time must pass.
  await delay(10 * everyMs);
  expect(readings()).toBe(before);
});

test("who looks while a reading hangs is told so in time, and the same reading serves all when it comes", async () => {
  const redis = Promise.withResolvers<void>();
  const { page, readings } = aPage({ waitFor: () => redis.promise, withinMs: 20 });
  const show = vi.fn<(view: PageView) => void>();
  const leave = page.watch(show);
  expect(await page.look()).toBeUndefined();
  expect(await page.look()).toBeUndefined();
  expect(readings()).toBe(1);
  redis.resolve();
  await eventually(() => expect(show).toHaveBeenCalled());
  expect(show.mock.calls[0]?.[0].atMs).toBe(1_000);
  expect(await page.look()).toBeDefined();
  leave?.();
});

test("a reading that fails is said, and the next one is shown", async () => {
  let isBroken = true;
  const { page, faults } = aPage({ fault: () => (isBroken ? new Error("away") : undefined) });
  const show = vi.fn<(view: PageView) => void>();
  const leave = page.watch(show);
  await eventually(() => expect(faults.length).toBeGreaterThan(1));
  isBroken = false;
  await eventually(() => expect(show).toHaveBeenCalled());
  leave?.();
});

test("more viewers than there may be are sent away", () => {
  const { page } = aPage({ mostViewers: 1 });
  const leave = page.watch(() => undefined);
  expect(page.watch(() => undefined)).toBeUndefined();
  leave?.();
  const again = page.watch(() => undefined);
  expect(again).toBeDefined();
  again?.();
});

test("what was read before comes with the page, so that its charts begin with it", async () => {
  const { page } = aPage();
  const show = vi.fn<(view: PageView) => void>();
  const leave = page.watch(show);
  await eventually(() => expect(show.mock.calls.length).toBeGreaterThan(4));
  leave?.();
  const { series } = (await page.look()) ?? {};
  expect(series).toMatchObject({
    ingested: expect.arrayContaining([1]) as number[],
    waiting: expect.arrayContaining([6]) as number[],
  });
  expect(series?.atSeconds.slice(0, 3)).toEqual([2, 3, 4]);
});
