import type { HoldReason, QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { Answer } from "./answer.ts";
import { retryAfterMs } from "./retry-after.ts";

/** The values of the label `verdict` of `relay_segment_requests_total`. */
export const verdictNames = [
  "delivered",
  "rejected",
  "too-large-for-segment",
  "unauthorized",
  "forbidden",
  "not-found",
  "oauth-refused",
  "rate-limited",
  "server-error",
  "redirected",
  "unexpected-status",
  "token-server",
  "network",
  "timeout",
] as const;
export type VerdictName = (typeof verdictNames)[number];

export const rejectReasons = ["rejected", "too-large-for-segment"] as const satisfies QuarantineReason[];
export type RejectReason = (typeof rejectReasons)[number];
type CredentialReason = Extract<HoldReason, "unauthorized" | "forbidden" | "not-found" | "oauth-refused">;
type WaitName = Exclude<VerdictName, "delivered" | RejectReason | CredentialReason>;

/** What an answer of Segment means for the batch. `name` is the metric label. */
export type Verdict =
  | { kind: "delivered"; name: "delivered" }
  /** At least one call is at fault: split until it stands alone, then quarantine that one with this reason. */
  | { kind: "split"; name: RejectReason; reason: RejectReason; why: string }
  /** The customer acts; the batch is held. */
  | { kind: "outage"; name: CredentialReason; reason: CredentialReason }
  /** Ours to wait, for the whole workspace. `afterMs`: what Segment asked for, in full; wait at least that long. */
  | { kind: "wait"; name: WaitName; afterMs?: number; why: string };

const split = (reason: RejectReason, why: string): Verdict => ({ kind: "split", name: reason, reason, why });
const outage = (reason: CredentialReason): Verdict => ({ kind: "outage", name: reason, reason });

interface Waiting {
  name: WaitName;
  why: string;
  retryAfter?: string | undefined;
}
const wait = ({ name, why, retryAfter }: Waiting, nowMs: number): Verdict => {
  const afterMs = retryAfter === undefined ? undefined : retryAfterMs(retryAfter, nowMs);
  return { kind: "wait", name, why, ...(afterMs === undefined ? {} : { afterMs }) };
};

const waitNameOf = (status: number): WaitName => {
  if (status === 429) return "rate-limited";
  if (status >= 500 && status < 600) return "server-error";
  if (status >= 300 && status < 400) return "redirected";
  if (status === 408) return "timeout";
  return "unexpected-status";
};

const delivered: Verdict = { kind: "delivered", name: "delivered" };
/** Segment's own answer is JSON. A proxy, a login portal or a wrong endpoint may answer 200 as well, with a page. */
const isPage = (text = ""): boolean => /^\s*</.test(text);
const notSegment = (status: number): Verdict => ({
  kind: "wait",
  name: "unexpected-status",
  why: `a page came with the ${status}, as of a proxy: Segment answers JSON`,
});

/**
 * The table of Segment's answers (DESIGN section 6).
 * Only statuses that speak of the body (400, 413, 422) split a batch. The others of 4xx would be given to every
 * batch alike (402, 405, 407, 410, 415, 426, 451, ...): splitting them would carry a whole backlog into quarantine,
 * call by call, so they wait and show as `unexpected-status`.
 */
const ofResponse = (answer: Extract<Answer, { kind: "response" }>, nowMs: number): Verdict => {
  const { status, retryAfter } = answer;
  if (status >= 200 && status < 300) return isPage(answer.text) ? notSegment(status) : delivered;
  switch (status) {
    case 400:
    case 422:
      return split("rejected", `Segment answered ${status}`);
    case 413:
      return split("too-large-for-segment", "Segment answered 413");
    case 401:
      return outage("unauthorized");
    case 403:
      return outage("forbidden");
    case 404:
      return outage("not-found");
    default:
      return wait({ name: waitNameOf(status), why: `Segment answered ${status}`, retryAfter }, nowMs);
  }
};

const passingTokenStatuses = new Set([408, 425, 429]);

const ofOAuth = (answer: Extract<Answer, { kind: "oauth" }>, nowMs: number): Verdict => {
  const { status, message, retryAfter } = answer;
  const refused = status === undefined || (status >= 400 && status < 500 && !passingTokenStatuses.has(status));
  return refused ? outage("oauth-refused") : wait({ name: "token-server", why: message, retryAfter }, nowMs);
};

/** Says what an answer means. `nowMs` (UNIX ms) is what an HTTP date in Retry-After is counted from. */
export const verdictOf = (answer: Answer, nowMs: number): Verdict => {
  switch (answer.kind) {
    case "response":
      return ofResponse(answer, nowMs);
    case "oauth":
      return ofOAuth(answer, nowMs);
    case "refused":
      return split("rejected", answer.message);
    case "network":
      return wait({ name: "network", why: `${answer.code}: ${answer.message}` }, nowMs);
    case "timeout":
      return wait({ name: "timeout", why: `no answer within ${answer.afterMs} ms` }, nowMs);
    default:
      return answer satisfies never;
  }
};
