import { createHmac } from "node:crypto";
import type { Secret } from "@currents-relay/shared/config/secret.ts";
import type { NoticeMessage } from "../core/notice-message.ts";
import { adviceFor, noticeText } from "../core/notice-text.ts";
import { NoticeRefused, type Notify } from "../notify.ts";
import { createHttpClient, type HttpAnswer } from "./http-client.ts";

export interface WebhookOptions {
  /** The whole address; it often carries a token. */
  url: Secret;
  /** Signs the body. */
  secret: Secret;
  timeoutMs: number;
  /** UNIX ms. */
  now: () => number;
}

/**
 * The header `Relay-Signature`: `t=<UNIX seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">`, the scheme of Stripe's
 * webhooks. A receiver computes the same over the body as it came, and refuses a `t` that is minutes old.
 */
export const webhookSignature = (body: string, secret: Secret, nowMs: number): string => {
  const seconds = Math.floor(nowMs / 1_000);
  const hmac = createHmac("sha256", secret.reveal()).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${hmac}`;
};

const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What is posted: a contract, version 1. Times are ISO 8601 in UTC; what does not apply is null. */
const webhookBody = (message: NoticeMessage) => {
  const { suspect } = message;
  return {
    v: 1,
    id: message.id,
    outageId: message.outageId,
    event: message.event,
    percent: message.event === "outage.window" ? message.percent : null,
    workspace: message.workspace,
    connectors: message.connectors.map(({ name, contact }) => ({ name, contact: contact ?? null })),
    reason: message.reason,
    whatToDo: adviceFor(message),
    phase: message.phase,
    openedAt: isoOrNull(message.openedAtMs),
    at: isoOrNull(message.atMs),
    asOf: isoOrNull(message.asOfMs),
    heldEvents: message.heldEvents,
    expiresAt: isoOrNull(message.expiresAtMs),
    expiryThen: message.expiryThen,
    suspect: suspect ? { from: isoOrNull(suspect.fromMs), to: isoOrNull(suspect.toMs), events: suspect.events } : null,
    ...noticeText(message),
  };
};

const isWaiting = (status: number): boolean => status === 408 || status === 429 || status >= 500;

const checkAnswer = (answer: HttpAnswer): void => {
  switch (answer.kind) {
    case "network":
      throw new Error(`the webhook could not be reached (${answer.code})`);
    case "timeout":
      throw new Error(`the webhook did not answer within ${answer.afterMs} ms`);
    case "response":
      if (answer.status >= 200 && answer.status < 300) return;
      if (isWaiting(answer.status)) throw new Error(`the webhook answered ${answer.status}`);
      // A redirect too: following it would hand the notice to whoever the answer names.
      throw new NoticeRefused(`the webhook answered ${answer.status}; see notify.webhook.url`);
    default:
      return answer satisfies never;
  }
};

/**
 * Posts notices as JSON. Taken is what is answered with 2xx; 408, 429, 5xx and the network are failures, the rest is
 * a refusal. `Relay-Notice-Id` is the same for every try of one notice.
 */
export const webhookNotify =
  ({ url, secret, timeoutMs, now }: WebhookOptions): Notify =>
  async (message, signal) => {
    const body = JSON.stringify(webhookBody(message));
    const answer = await createHttpClient({ timeoutMs }).request({
      method: "POST",
      url: new URL(url.reveal()),
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "currents-relay",
        "Relay-Notice-Id": message.id,
        "Relay-Signature": webhookSignature(body, secret, now()),
      },
      body: [body],
      keepCharacters: 0,
      signal,
    });
    checkAnswer(answer);
  };
