import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { createMetrics } from "./metrics.ts";
import { eventLoopLag } from "./event-loop-lag.ts";

/** What a scrape says, by the part of the name that differs. */
const scrape = async (registry: Registry): Promise<Record<string, number>> => {
  const text = await registry.metrics();
  const lines = [...text.matchAll(/^nodejs_eventloop_lag_(\w+)_seconds (\S+)$/gm)];
  return Object.fromEntries(lines.map(([, what, value]) => [what, Number(value)]));
};
/** What is measured is time itself. */
const severalTimers = () => delay(220);
const block = (ms: number) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};

it("tells how late timers were since the last scrape, and nothing of how long they take", async () => {
  const registry = new Registry();
  eventLoopLag(registry);
  await severalTimers();
  block(250);
  await severalTimers();
  const { max = 0, min = 1 } = await scrape(registry);
  expect(max).toBeGreaterThan(0.15);
  expect(min).toBeLessThan(0.04);
  expect(await scrape(registry)).toEqual({ min: 0, mean: 0, max: 0, p50: 0, p90: 0, p99: 0 });
});

it("takes the place of prom-client's own in what a process exports", async () => {
  const { registry } = createMetrics();
  const help = (await registry.metrics()).split("\n").filter((line) => line.startsWith("# HELP nodejs_eventloop_lag_"));
  expect(help.filter((line) => line.includes("Lateness of timers"))).toHaveLength(6);
  expect(help).toHaveLength(7);
});
