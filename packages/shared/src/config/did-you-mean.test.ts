import { expect, test } from "vitest";
import { didYouMean } from "./did-you-mean.ts";

const known = ["region", "writeKey", "eventsPerSecond", "endpoint", "events", "url"];

test.each([
  ["regoin", "region"],
  ["Region", "region"],
  ["write_key", "writeKey"],
  ["writekey", "writeKey"],
  ["events_per_sec", "eventsPerSecond"],
  ["eventPerSeconds", "eventsPerSecond"],
  ["event", "events"],
  ["uri", "url"],
])("%s was most likely meant to be %s", (word, meant) => expect(didYouMean(word, known)).toBe(meant));

test.each(["", "key", "bucket", "x".repeat(10_000)])("%s is near to nothing", (word) =>
  expect(didYouMean(word, known)).toBeUndefined(),
);
