import type { RunSummary } from "@currents-relay/shared/stage/status.ts";
import { expect, test } from "vitest";
import { openProgress, progressText } from "./progress.ts";

const aSummary = (delivered: number, more: Partial<RunSummary["events"]> = {}): RunSummary => ({
  files: { done: 1, quarantined: 0 },
  events: { in: 10_000, delivered, dropped: {}, quarantined: {}, held: 0, ...more },
});

/** A progress on a screen that remembers, with a clock that is moved by hand. */
const onScreen = (screen: { isTTY: boolean; columns?: number }) => {
  const written: string[] = [];
  let nowMs = 0;
  const progress = openProgress({ ...screen, write: (text) => written.push(text) }, () => nowMs);
  return {
    written,
    stop: () => progress.stop(),
    showAt: (ms: number, summary: RunSummary) => {
      nowMs = ms;
      progress.show(summary);
    },
  };
};

test("a terminal has one line, changed five times a second and taken away at the end", () => {
  const { written, showAt, stop } = onScreen({ isTTY: true, columns: 200 });
  for (let ms = 0; ms <= 1_000; ms += 50) showAt(ms, aSummary(ms));
  stop();
  expect(written).toHaveLength(6);
  expect(written[0]).toBe("\r\u001b[2K0 s: 0 events/s, 1 file read, 10,000 events in, 200 delivered");
  expect(written[4]).toBe("\r\u001b[2K1 s: 1,000 events/s, 1 file read, 10,000 events in, 1,000 delivered");
  expect(written.at(-1)).toBe("\r\u001b[2K");
});

test.each([40, 0, undefined])("a line never wraps on a terminal of %s columns", (columns) => {
  const { written, showAt } = onScreen({ isTTY: true, ...(columns !== undefined && { columns }) });
  showAt(
    500,
    aSummary(1, { dropped: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`r-${index}`, 1])) }),
  );
  expect((written[0] ?? "").replace("\r\u001b[2K", "").length).toBe((columns || 80) - 1);
});

test("elsewhere a plain line comes every two seconds, when there is news", () => {
  const { written, showAt, stop } = onScreen({ isTTY: false });
  for (let ms = 0; ms <= 10_000; ms += 100) showAt(ms, aSummary(Math.min(5_000, ms)));
  stop();
  expect(written).toEqual([
    "2 s: 1,000 events/s, 1 file read, 10,000 events in, 2,000 delivered\n",
    "4 s: 1,000 events/s, 1 file read, 10,000 events in, 4,000 delivered\n",
    "6 s: 0 events/s, 1 file read, 10,000 events in, 5,000 delivered\n",
  ]);
});

test("what did not arrive is told with its reason", () => {
  const text = progressText(aSummary(1, { dropped: { duplicate: 1_234 }, quarantined: { "bad-record": 5 }, held: 6 }));
  expect(text).toBe(
    "1 file read, 10,000 events in, 1 delivered, 1,234 dropped (duplicate), 5 quarantined (bad-record), 6 to deliver",
  );
});
