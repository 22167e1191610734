import { expect, test } from "vitest";
import { counted, formatCount, table } from "./output.ts";

test("a table has columns of equal width, numbers to the right, and no blanks at the ends", () => {
  const rows = [
    ["name", "count", "note"],
    ["a", "1,000", ""],
    ["longer", "2", "x"],
  ];
  expect(table(rows, [1])).toBe("name    count  note\na       1,000\nlonger      2  x");
  expect(table([])).toBe("");
});

test("counts are written for people", () => {
  expect([formatCount(12_345.6), counted(1, "file"), counted(0, "file"), counted(1_000, "file")]).toEqual([
    "12,346",
    "1 file",
    "0 files",
    "1,000 files",
  ]);
});
