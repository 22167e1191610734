import type { RateLimit } from "./rate-limit.ts";
import { type Rule, type RuleAction, type RuleMatch, routes } from "./rules.ts";

/** A behaviour script (`--script`) and the body of `POST /__control`. What is left out stays as it is. */
export interface Control {
  /** Replace all rules; their counts and clocks start again. */
  rules?: readonly Rule[];
  /** The write keys that exist; null: every key exists. */
  keys?: readonly string[] | null;
  /** Keys of another region: the settings endpoint knows them, and their events get 200 and are thrown away. */
  otherRegionKeys?: readonly string[];
  /** Null: no limit. */
  rateLimit?: RateLimit | null;
  /** Seed of the rules' chances, from 0; default 1. */
  seed?: number;
  /** Forget everything that was counted; done before the rest is applied. */
  reset?: boolean;
}

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text: Check = (value) => typeof value === "string";
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const count: Check = (value) => Number.isInteger(value) && Number(value) >= 1;
const notNegative: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const positive: Check = (value) => notNegative(value) && value !== 0;
const yes: Check = (value) => value === true;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

const described = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** Throws with the path of the first key that is unknown or has a wrong value. */
const check = (value: unknown, at: string, checks: Record<string, Check>): Fields => {
  if (!isFields(value)) throw new Error(`${at} must be an object, not ${described(value)}`);
  for (const [key, part] of Object.entries(value)) {
    const passes = checks[key];
    if (!passes) throw new Error(`${at}.${key} is not known; known are ${Object.keys(checks).join(", ")}`);
    if (!passes(part)) throw new Error(`${at}.${key} has a wrong value: ${described(part)}`);
  }
  return value;
};

const matchChecks: Record<keyof RuleMatch, Check> = {
  route: oneOf(...routes),
  writeKey: text,
  messageId: text,
  idPrefix: text,
};

const actionChecks: Record<keyof RuleAction, Check> = {
  delayMs: notNegative,
  status: (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599,
  headers: (value) => isFields(value) && Object.values(value).every(text),
  body: () => true,
  retryAfterDateSeconds: notNegative,
  reset: yes,
  hang: yes,
  redirect: oneOf(301, 302, 303, 307, 308),
  discard: yes,
  when: oneOf("before", "after"),
};

const ruleChecks: Record<keyof Rule, Check> = {
  match: isFields,
  times: count,
  everyNth: count,
  forMs: notNegative,
  probability: (value) => notNegative(value) && Number(value) <= 1,
  then: (value) => value === "accept" || isFields(value),
};

const rateChecks: Record<keyof RateLimit, Check> = {
  eventsPerSecond: positive,
  burst: positive,
  scope: oneOf("writeKey", "all"),
};

const controlChecks: Record<keyof Control, Check> = {
  rules: Array.isArray,
  keys: (value) => value === null || texts(value),
  otherRegionKeys: texts,
  rateLimit: (value) => value === null || isFields(value),
  seed: (value) => Number.isInteger(value) && Number(value) >= 0,
  reset: (value) => typeof value === "boolean",
};

const checkAction = (action: unknown, at: string): void => {
  if (action === "accept") return;
  const found = check(action, at, actionChecks);
  const ends = ["status", "reset", "hang", "redirect", "discard"].filter((end) => end in found);
  if (ends.length > 1) throw new Error(`${at} can have only one of ${ends.join(", ")}`);
};

const checkRule = (rule: unknown, at: string): void => {
  const found = check(rule, at, ruleChecks);
  if (!("then" in found)) throw new Error(`${at}.then is missing`);
  if ("match" in found) check(found.match, `${at}.match`, matchChecks);
  checkAction(found.then, `${at}.then`);
};

/** Reads a parsed script; a list of rules stands for `{ rules }`. Throws with the path of the first fault. */
export const parseControl = (json: unknown): Control => {
  const value: unknown = Array.isArray(json) ? { rules: json } : json;
  const found = check(value, "control", controlChecks);
  if (Array.isArray(found.rules)) found.rules.forEach((rule, index) => checkRule(rule, `rules[${index}]`));
  if (isFields(found.rateLimit)) {
    const rate = check(found.rateLimit, "rateLimit", rateChecks);
    if (!("eventsPerSecond" in rate)) throw new Error("rateLimit.eventsPerSecond is missing");
  }
  return found; // every key and value was checked above
};
