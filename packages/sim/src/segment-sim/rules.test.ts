import { expect, test } from "vitest";
import { type Rule, ruleBook } from "./rules.ts";

const refuse = { status: 500 };
const request = (writeKey = "key", ...ids: string[]) => ({
  route: "batch" as const,
  writeKey,
  events: () => ids.map((messageId) => ({ messageId })),
});
const decisions = (rule: Rule, count: number, seed = 1) => {
  const book = ruleBook([rule], seed, 0);
  return Array.from({ length: count }, () => book(request(), 0) === "accept");
};

test("the first rule that matches decides, and no rule means as usual", () => {
  const book = ruleBook(
    [
      { match: { writeKey: "other" }, then: { status: 401 } },
      { match: { route: "batch" }, then: refuse },
      { then: { status: 418 } },
    ],
    1,
    0,
  );
  expect(book(request("key"), 0)).toEqual(refuse);
  expect(book(request("other"), 0)).toEqual({ status: 401 });
  expect(ruleBook([], 1, 0)(request(), 0)).toBe("accept");
});

test("a rule can look for an event by its id or the beginning of its id", () => {
  const byId = ruleBook([{ match: { messageId: "bad" }, then: refuse }], 1, 0);
  const byPrefix = ruleBook([{ match: { idPrefix: "ba" }, then: refuse }], 1, 0);
  expect(byId(request("key", "good", "bad"), 0)).toEqual(refuse);
  expect(byId(request("key", "badly"), 0)).toBe("accept");
  expect(byPrefix(request("key", "good", "badly"), 0)).toEqual(refuse);
  expect(byPrefix(request("key", "good"), 0)).toBe("accept");
});

test("a rule is used up after its number of times", () => {
  expect(decisions({ times: 2, then: refuse }, 4)).toEqual([false, false, true, true]);
});

test("a rule for every nth request leaves the others alone", () => {
  expect(decisions({ everyNth: 3, then: refuse }, 6)).toEqual([true, true, false, true, true, false]);
});

test("a rule ends so long after it was set", () => {
  const book = ruleBook([{ forMs: 100, then: refuse }], 1, 1_000);
  expect(book(request(), 1_099)).toEqual(refuse);
  expect(book(request(), 1_100)).toBe("accept");
});

test("chances are the same for the same seed and different for another", () => {
  const rule: Rule = { probability: 0.5, then: refuse };
  expect(decisions(rule, 200, 7)).toEqual(decisions(rule, 200, 7));
  expect(decisions(rule, 200, 7)).not.toEqual(decisions(rule, 200, 8));
  const passed = decisions(rule, 1_000).filter(Boolean).length;
  expect(passed).toBeGreaterThan(400);
  expect(passed).toBeLessThan(600);
});
