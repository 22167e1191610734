import { expect, test } from "vitest";
import { durationText } from "./duration-text.ts";

test.each([
  [0, "0 s"],
  [0.4, "0 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [125, "2 min 5 s"],
  [8_050, "2 h 14 min"],
  [3_601, "1 h"],
  [172_800, "2 d"],
  [190_000, "2 d 4 h"],
  [-90, "-1 min 30 s"],
  [Infinity, "never"],
])("%d seconds read as %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
