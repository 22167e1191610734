import { describe, expect, it } from "vitest";
import { timestampOf } from "./timestamp.ts";

describe("the time of an event", () => {
  it.each([
    [1_760_000_000, "2025-10-09T08:53:20.000Z"],
    [1_760_000_000n, "2025-10-09T08:53:20.000Z"],
    [1_760_000_000.1234, "2025-10-09T08:53:20.123Z"],
    ["1760000000", "2025-10-09T08:53:20.000Z"],
    ["1760000000.5", "2025-10-09T08:53:20.500Z"],
    [0, "1970-01-01T00:00:00.000Z"],
    [-1, "1969-12-31T23:59:59.000Z"],
    [253_402_300_799, "9999-12-31T23:59:59.000Z"],
    [-62_167_219_200, "0000-01-01T00:00:00.000Z"],
  ])("%s seconds are %s", (time, timestamp) => {
    expect(timestampOf(time)).toBe(timestamp);
  });

  it.each([
    [undefined],
    [null],
    [NaN],
    [Infinity],
    [253_402_300_800],
    [-62_167_219_201],
    [1_760_000_000_000], // milliseconds: the year 57,741
    [10n ** 30n],
    [""],
    ["yesterday"],
    ["0x10"],
    [true],
    [[1_760_000_000]],
  ])("%s is no date", (time) => {
    expect(timestampOf(time)).toBeUndefined();
  });
});
