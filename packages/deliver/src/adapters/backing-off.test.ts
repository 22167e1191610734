import { expect, test } from "vitest";
import { backoffLimits } from "../core/backoff.ts";
import { backingOff } from "./backing-off.ts";

/** A backoff on a clock that the test winds; each wait is over before the next failure. */
const aBackoff = () => {
  const clock = { ms: 0 };
  const waits: number[] = [];
  const rate = {
    take: async () => ({ granted: true as const }),
    notBefore: async (_group: string, afterMs: number) => void waits.push(afterMs),
  };
  const { backOff } = backingOff(rate, "acme", () => clock.ms);
  return async (asked: number | undefined): Promise<number> => {
    const { afterMs } = await backOff(asked);
    expect(waits.at(-1)).toBe(afterMs);
    clock.ms += afterMs;
    return afterMs;
  };
};

test.each([0, 300, undefined])(
  "an answer that asks to wait for %s ms is waited for as long as one that asks nothing",
  async (asked) => {
    const fail = aBackoff();
    for (const failures of [0, 1, 2, 3]) {
      const afterMs = await fail(asked);
      expect(afterMs).toBeGreaterThanOrEqual((backoffLimits.firstMs / 2) * 2 ** failures);
      expect(afterMs).toBeLessThanOrEqual(backoffLimits.firstMs * 2 ** failures);
    }
  },
);

test("what Segment asks for is waited for in full, and no longer", async () => {
  const fail = aBackoff();
  expect([await fail(1_000), await fail(7_000), await fail(1_000)]).toEqual([1_000, 7_000, 1_000]);
});
