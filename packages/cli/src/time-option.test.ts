import { expect, test } from "vitest";
import { timeOf } from "./time-option.ts";

test.each([
  ["2026-11-23", "2026-11-23T00:00:00.000Z"],
  ["2026-11-23T10:30", "2026-11-23T10:30:00.000Z"],
  ["2026-11-23T10:30:15.5", "2026-11-23T10:30:15.500Z"],
  ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ["2026-11-23T10:30Z", "2026-11-23T10:30:00.000Z"],
  ["2026-11-23T10:30+01:00", "2026-11-23T09:30:00.000Z"],
])("%s is %s, wherever the command runs", (text, iso) => {
  expect(new Date(timeOf("--from", text)).toISOString()).toBe(iso);
});

test.each([
  "1",
  "yesterday",
  "2026-11",
  "23.11.2026",
  "2026-13-01",
  "2026-11-23 10:30",
  "2026-02-30",
  "2026-02-29T10:30Z",
])("%s is no time", (text) => {
  expect(() => timeOf("--from", text)).toThrow(`--from: "${text}" is no time such as 2026-11-23`);
});
