import { expect, test } from "vitest";
import { dlqOptions } from "./dlq-options.ts";
import { CommandError } from "./exit-codes.ts";

const optionsOf = (line: string) => dlqOptions(line.split(" ").filter(Boolean));

test("the selection is read; what is left out selects everything", () => {
  expect(optionsOf("list").filter).toEqual({});
  expect(optionsOf("list")).toMatchObject({
    action: "list",
    limit: Number.POSITIVE_INFINITY,
    isDryRun: false,
    isYes: false,
  });
  const line = "drop --queue quarantine --connector c --reason rejected --event-type t --limit 3 --dry-run --yes";
  expect(optionsOf(line)).toMatchObject({
    action: "drop",
    queue: "quarantine",
    filter: { connector: "c", reason: "rejected", eventType: "t" },
    limit: 3,
    isDryRun: true,
    isYes: true,
  });
});

test.each(["drop q-1", "archive d-1 --queue deadletter", "drop q-1 --queue quarantine --yes", "show q-1 --limit 3"])(
  "one entry is named: %s",
  (line) => {
    expect(optionsOf(line).id).toMatch(/^[qd]-1$/);
  },
);

test.each([
  ["2026-11-23", "2026-11-23T00:00:00.000Z"],
  ["2026-11-23T10:00", "2026-11-23T10:00:00.000Z"],
  ["2026-11-23T10:00:01Z", "2026-11-23T10:00:01.000Z"],
  ["2026-11-23T10:00:00.500+01:00", "2026-11-23T09:00:00.500Z"],
])("the time %s is %s", (text, expected) => {
  const { fromMs, toMs } = optionsOf(`list --from ${text} --to ${text}`).filter;
  expect([fromMs, toMs]).toEqual([Date.parse(expected), Date.parse(expected)]);
});

test.each([
  ["", "the action is missing: list, show, replay, archive, drop"],
  ["lst", 'action: "lst" is not known; did you mean list?'],
  ["show a b", '"b" is one word too many'],
  ["drop q-1 --queue deadletter", "q-1 would be in quarantine, and --queue says deadletter"],
  ["archive d-1 --queue quarantine", "d-1 would be in deadletter, and --queue says quarantine"],
  ["drop q-1 --reason rejected", "--reason selects entries, and q-1 names one: give either"],
  ["drop q-1 --connector c --yes", "--connector selects entries"],
  ["archive q-1 --event-type t", "--event-type selects entries"],
  ["replay q-1 --from 2026-11-23", "--from selects entries"],
  ["drop q-1 --limit 3", "--limit selects entries"],
  ["replay q-1 --from-archive dir", "--from-archive selects entries"],
  ["list q-1", "list takes no ID; relay dlq show q-1 shows one entry"],
  ["list --queue deliver", '--queue: "deliver" is not known'],
  ["list --reason rejcted", "did you mean rejected?"],
  ["list --from yesterday", '--from: "yesterday" is no time such as'],
  ["list --to 2026-13-01", '--to: "2026-13-01" is no time'],
  ["list --limit 0", '--limit: "0" is no number of entries'],
  ["list --limit all", '--limit: "all" is no number of entries'],
])("the command line %j is refused", (line, message) => {
  expect(() => optionsOf(line)).toThrow(CommandError);
  expect(() => optionsOf(line)).toThrow(message);
});
