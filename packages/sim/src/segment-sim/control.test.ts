import { expect, test } from "vitest";
import { parseControl } from "./control.ts";

test("a list of rules is a script", () => {
  const rules = [{ match: { route: "batch" }, times: 2, then: { status: 429, headers: { "Retry-After": "2" } } }];
  expect(parseControl(rules)).toEqual({ rules });
});

test.each([
  [{ rule: [] }, "control.rule is not known"],
  [{ rules: [{}] }, "rules[0].then is missing"],
  [{ rules: [{ then: "refuse" }] }, 'rules[0].then has a wrong value: "refuse"'],
  [{ rules: ["accept"] }, "rules[0] must be an object"],
  [{ rules: [{ match: { route: "track" }, then: "accept" }] }, 'rules[0].match.route has a wrong value: "track"'],
  [{ rules: [{ then: { status: 99 } }] }, "rules[0].then.status has a wrong value: 99"],
  [{ rules: [{ then: { status: 500, hang: true } }] }, "only one of status, hang"],
  [{ rules: [{ then: { reset: false } }] }, "rules[0].then.reset has a wrong value"],
  [{ rules: [{ times: 0, then: "accept" }] }, "rules[0].times has a wrong value: 0"],
  [{ rateLimit: {} }, "rateLimit.eventsPerSecond is missing"],
  [{ rateLimit: { eventsPerSecond: 0 } }, "rateLimit.eventsPerSecond has a wrong value"],
  [{ keys: "a,b" }, 'control.keys has a wrong value: "a,b"'],
  ["rules", "control must be an object"],
])("the script %j is refused with the place of its fault", (script, message) => {
  expect(() => parseControl(script)).toThrow(message);
});
