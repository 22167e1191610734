import { type Answer, json } from "./answer.ts";
import type { Control } from "./control.ts";
import { rateGate, type RateGate } from "./rate-limit.ts";
import { type RuleAction, type RuleBook, ruleBook } from "./rules.ts";

/** Everything about the stand-in that control can change. */
export interface Behaviour {
  /** Null: every key is known. */
  keys: ReadonlySet<string> | null;
  otherRegionKeys: ReadonlySet<string>;
  rules: RuleBook;
  gate: RateGate | null;
  seed: number;
}

export const usualBehaviour = (): Behaviour => ({
  keys: null,
  otherRegionKeys: new Set(),
  rules: () => "accept",
  gate: null,
  seed: 1,
});

/** The behaviour after a control request; see {@link Control} for what stays. */
export const changed = (now: Behaviour, control: Control, nowMs: number): Behaviour => {
  const seed = control.seed ?? now.seed;
  const { keys, rateLimit } = control;
  return {
    keys: keys === undefined ? now.keys : keys && new Set(keys),
    otherRegionKeys: control.otherRegionKeys ? new Set(control.otherRegionKeys) : now.otherRegionKeys,
    rules: control.rules ? ruleBook(control.rules, seed, nowMs) : now.rules,
    gate: rateLimit === undefined ? now.gate : rateLimit && rateGate(rateLimit),
    seed,
  };
};

/** Where redirects lead: a page that answers 200 to anything, so that a client that follows one loses its events. */
export const redirectPath = "/__redirected";

/** The answer that a rule asks for in place of the usual one; undefined where it only delays. */
export const scriptedAnswer = (action: RuleAction, nowMs: number): Answer | undefined => {
  if (action.reset) return { kind: "reset" };
  if (action.hang) return { kind: "hang" };
  const headers = { ...action.headers };
  if (action.retryAfterDateSeconds !== undefined)
    headers["Retry-After"] = new Date(nowMs + action.retryAfterDateSeconds * 1000).toUTCString();
  if (action.redirect !== undefined) return json(action.redirect, {}, { location: redirectPath, ...headers });
  if (action.discard) return json(200, { success: true }, headers);
  if (action.status === undefined) return undefined;
  const { body = { success: action.status < 300 } } = action;
  if (typeof body === "string") return { kind: "reply", status: action.status, headers, body };
  return json(action.status, body, headers);
};
