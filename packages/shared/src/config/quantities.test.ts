import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDurationMs } from "./duration.ts";
import { parseSizeBytes } from "./size.ts";

test.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["5m", 300_000],
  ["48h", 172_800_000],
  ["30d", 2_592_000_000],
  ["1.5h", 5_400_000],
  ["1.1h", 3_960_000], // as floating point 3,960,000.0000000005, which Redis refuses
  [" 2 s ", 2_000],
  ["0s", 0],
])("%j is a duration of %d ms", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

test.each(["", "48", "h", "-1s", "1e3s", "1 week", "5S", "1h30m", "1,5h", "Infinitys", "0x1s"])(
  "%j is no duration",
  (text) => expect(parseDurationMs(text)).toBeUndefined(),
);

test.each([
  ["1B", 1],
  ["1KB", 1_000],
  ["256MB", 256_000_000],
  ["1.5gb", 1_500_000_000],
])("%j is a size of %d bytes", (text, bytes) => expect(parseSizeBytes(text)).toBe(bytes));

test.each(["", "256", "MB", "-1MB", "1MiB", "1TB", "1e3KB"])("%j is no size", (text) =>
  expect(parseSizeBytes(text)).toBeUndefined(),
);

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [59_999, "1m"],
  [90_000, "1m 30s"],
  [3_600_000, "1h"],
  [5_400_000, "1h 30m"],
  [172_800_000, "2d"],
  [90_061_000, "1d 1h"],
  [86_460_000, "1d"],
])("%d ms are shown as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test("a duration shown to people is off by less than its smaller unit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e11 }), (ms) => {
      const shown = formatDuration(ms)
        .split(" ")
        .reduce((sum, part) => sum + (parseDurationMs(part) ?? NaN), 0);
      expect(Math.abs(shown - ms)).toBeLessThan(Math.max(1_000, ms / 2));
    }),
  );
});
