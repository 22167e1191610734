import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { expect, test } from "vitest";
import { timedSend } from "./timed-send.ts";

const batch = { calls: Buffer.from("[]"), count: 1 };
const signal = new AbortController().signal;

const observed = async (metrics: ReturnType<typeof createMetrics>) => {
  const values = (await metrics.segmentSeconds.get()).values;
  const of = (ending: string) => values.find(({ metricName }) => metricName?.endsWith(ending))?.value;
  return { count: of("_count"), sum: of("_sum") };
};

test("a request is timed and its answer passed on as it is", async () => {
  const metrics = createMetrics();
  const answer = { kind: "answered", status: 200 };
  const slow = async () => {
    const untilMs = performance.now() + 20;
    while (performance.now() < untilMs) await Promise.resolve();
    return answer as never; // the type of an answer does not matter here
  };
  expect(await timedSend(slow, metrics, "acme")(batch, signal)).toBe(answer);
  const { count, sum } = await observed(metrics);
  expect(count).toBe(1);
  expect(sum).toBeGreaterThanOrEqual(0.02);
});

test("a request that fails is timed too", async () => {
  const metrics = createMetrics();
  const failing = () => Promise.reject(new Error("a bug"));
  await expect(timedSend(failing, metrics, "acme")(batch, signal)).rejects.toThrow("a bug");
  expect((await observed(metrics)).count).toBe(1);
});
