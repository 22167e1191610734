import { expect, test, vi } from "vitest";
import type { OutageState } from "../core/outage-state.ts";
import { type DeadLetterClockOptions, lookOnce } from "./dead-letter-clock.ts";

const aLook = (kind: OutageState["kind"], oldestHeldMs: number | undefined) => {
  const report = vi.fn<DeadLetterClockOptions["outage"]["report"]>();
  const look = lookOnce({
    deadLetters: { oldestHeldMs: () => Promise.resolve(oldestHeldMs) },
    // Of the state the clock looks at its kind alone.
    outage: { state: () => ({ kind }) as OutageState, report },
    expiry: { afterMs: 48 * 3_600_000 },
    log: { warn: () => undefined } as never, // what it uses of a logger
    now: () => 1_000,
  });
  return { look, report };
};

test("while all flows and nothing is held there is nothing to tell, and it may look more seldom", async () => {
  const { look, report } = aLook("flowing", undefined);
  expect(await look).toBe("quiet");
  expect(report).not.toHaveBeenCalled();
});

test.each([
  ["flowing", 500],
  ["unverified", undefined],
  ["holding", undefined],
  ["holding", 500],
  ["replaying", 500],
] as const)("%s with the oldest dead letter of %s: it tells, and looks again soon", async (kind, oldestHeldMs) => {
  const { look, report } = aLook(kind, oldestHeldMs);
  expect(await look).toBe("busy");
  expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ kind: "tick", oldestHeldMs }));
});
