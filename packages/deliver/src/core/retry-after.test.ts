import { assert, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0);

test("seconds are honoured in full", () => {
  expect(["0", "1", " 30 ", "3600", "86400"].map((header) => retryAfterMs(header, nowMs))).toEqual([
    0, 1_000, 30_000, 3_600_000, 86_400_000,
  ]);
});

test("each of the three forms of an HTTP date is honoured in full", () => {
  const inTwoHours = ["Mon, 23 Nov 2026 14:00:00 GMT", "Monday, 23-Nov-26 14:00:00 GMT", "Mon Nov 23 14:00:00 2026"];
  for (const header of inTwoHours) expect(retryAfterMs(header, nowMs)).toBe(7_200_000);
});

test("a date that has passed asks for no wait", () => {
  expect(retryAfterMs("Mon, 23 Nov 2026 11:59:59 GMT", nowMs)).toBe(0);
});

test("what is neither seconds nor a date asks for nothing", () => {
  for (const header of ["", "soon", "-5", "1.5", "1e3", "20 s", "Mon, 99 Foo 2026"])
    expect(retryAfterMs(header, nowMs)).toBeUndefined();
});

test("any date from now on gives the time until it", () => {
  assert(
    property(nat({ max: 2_000_000 }), (seconds) => {
      expect(retryAfterMs(new Date(nowMs + seconds * 1_000).toUTCString(), nowMs)).toBe(seconds * 1_000);
    }),
  );
});

test("a wait never exceeds what a timer can hold", () => {
  expect(retryAfterMs("99999999999999999999", nowMs)).toBe(2 ** 31 - 1);
  expect(retryAfterMs("Tue, 23 Nov 9999 12:00:00 GMT", nowMs)).toBe(2 ** 31 - 1);
});
