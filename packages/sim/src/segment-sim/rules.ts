import { mulberry } from "./seeded.ts";

/** What a rule looks at; every given part must agree. */
export interface RuleMatch {
  route?: Route;
  writeKey?: string;
  /** The batch holds an event with this id. */
  messageId?: string;
  /** The batch holds an event whose id begins so. */
  idPrefix?: string;
}

export const routes = ["batch", "settings", "token"] as const;
export type Route = (typeof routes)[number];

/**
 * What happens to a matched request instead of the usual. Exactly one of `status`, `reset`, `hang`, `redirect`,
 * `discard`, or none of them (as usual); `delayMs` may stand beside any.
 */
export interface RuleAction {
  delayMs?: number;
  status?: number;
  headers?: Record<string, string>;
  /** Sent as it is when a string, as JSON otherwise. */
  body?: unknown;
  /** Adds a Retry-After that is an HTTP date, this many seconds from the answer. */
  retryAfterDateSeconds?: number;
  /** The socket is destroyed without an answer. */
  reset?: true;
  /** No answer ever comes. */
  hang?: true;
  /** 301, 302, 307 or 308 to a page that answers 200 to anything and counts nothing. */
  redirect?: number;
  /** 200, and the events are thrown away. */
  discard?: true;
  /** "after": the events are accepted first, and the client sees only the fault. Default "before". */
  when?: "before" | "after";
}

/** The first rule that matches and is not used up decides; see {@link ruleBook}. */
export interface Rule {
  match?: RuleMatch;
  /** Used up after so many requests. */
  times?: number;
  /** Takes only every nth of the requests that it matches, the nth first. */
  everyNth?: number;
  /** Used up so long after it was set. */
  forMs?: number;
  /** Takes a matching request with this chance (0 to 1), by the seed. */
  probability?: number;
  then: RuleAction | "accept";
}

export interface RequestFacts {
  route: Route;
  writeKey?: string;
  /** Of a batch. */
  count?: number;
  events?: () => readonly { messageId?: string }[];
}

const matches = (match: RuleMatch, { route, writeKey, events = () => [] }: RequestFacts): boolean => {
  const { messageId, idPrefix } = match;
  return (
    (match.route === undefined || match.route === route) &&
    (match.writeKey === undefined || match.writeKey === writeKey) &&
    (messageId === undefined || events().some((event) => event.messageId === messageId)) &&
    (idPrefix === undefined || events().some((event) => event.messageId?.startsWith(idPrefix)))
  );
};

/** What the rules say of the request, "accept" where none does. Counts the uses of the rules. */
export type RuleBook = (facts: RequestFacts, nowMs: number) => RuleAction | "accept";

/**
 * Goes through the rules in order; the first that matches and takes the request decides. The same rules, seed and
 * requests give the same answers.
 */
export const ruleBook = (rules: readonly Rule[], seed: number, setAtMs: number): RuleBook => {
  const random = mulberry(seed);
  const uses = rules.map((rule) => ({ rule, matched: 0, taken: 0 }));
  return (facts, nowMs) => {
    for (const use of uses) {
      const { rule } = use;
      if (rule.times !== undefined && use.taken >= rule.times) continue;
      if (rule.forMs !== undefined && nowMs - setAtMs >= rule.forMs) continue;
      if (!matches(rule.match ?? {}, facts)) continue;
      use.matched++;
      if (rule.everyNth !== undefined && use.matched % rule.everyNth !== 0) continue;
      if (rule.probability !== undefined && random() >= rule.probability) continue;
      use.taken++;
      return rule.then;
    }
    return "accept";
  };
};
