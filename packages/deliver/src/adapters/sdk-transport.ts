import { errorText } from "@currents-relay/shared/core/error-text.ts";
import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { Analytics, type HTTPClient } from "@segment/analytics-node";
import type { Answer } from "../core/answer.ts";
import { checkCount, type ReadyBatch } from "../core/ready-batch.ts";
import type { OAuthCredentials, SegmentTransport, TransportSettings } from "../transport.ts";
import { batchUrl } from "./batch-transport.ts";
import { abortedAnswer, createHttpClient, diagnosisCharacters, type HttpClient } from "./http-client.ts";
import { shareToken, type SharedToken } from "./sdk-transport-token.ts";

export type SdkTransportSettings = TransportSettings & { oauth?: OAuthCredentials };

interface Shared {
  settings: SdkTransportSettings;
  url: URL;
  http: HttpClient;
  token: SharedToken;
}

/** One batch on its way: `answer` takes the first fate it is given, and `sent` closes the door behind the one request. */
interface Sending {
  calls: readonly TrackCall[];
  signal: AbortSignal;
  sent: boolean;
  answer: (answer: Answer) => void;
}

/**
 * Should the SDK keep an event back, its batch never fills up; this flushes the rest, into the closed door of
 * `makeRequest`. Never reached in order: the last `track` of a batch sends it.
 */
const flushIntervalMs = 60_000;

/** Fresh objects for each send: the SDK writes into what it is given. */
const parseCalls = (batch: ReadyBatch): TrackCall[] => {
  checkCount(batch);
  return JSON.parse(`[${batch.calls.toString()}]`) as TrackCall[]; // our own text, made by transform from TrackCalls
};

/** The SDK cuts batches by a size that it counts wrongly: what it sends must be the whole batch, once, in order. */
const isWhole = (body: string, calls: readonly TrackCall[]): boolean => {
  const { batch } = JSON.parse(body) as { batch: { messageId: string }[] }; // the SDK's own body
  return batch.length === calls.length && batch.every(({ messageId }, i) => messageId === calls[i]?.messageId);
};

const batchClient = ({ url, http, token }: Shared, sending: Sending): HTTPClient => ({
  makeRequest: async ({ headers, body }) => {
    if (sending.sent) throw new Error("the batch has had its request");
    sending.sent = true;
    if (!isWhole(body, sending.calls)) {
      sending.answer({ kind: "refused", message: "the SDK would not send the batch as one" });
      throw new Error("not the whole batch");
    }
    const { signal } = sending;
    const request = {
      method: "POST",
      url,
      headers,
      body: [body],
      keepCharacters: diagnosisCharacters,
      signal,
    } as const;
    const answer = await http.request(request);
    sending.answer(answer);
    if (answer.kind !== "response") throw new Error(answer.kind);
    if (answer.status === 401 || answer.status === 403) token.forget();
    // The SDK takes 3xx for delivered. It is not told of Retry-After: it would sleep and send again by itself.
    if (answer.status >= 300 && answer.status < 400) throw new Error(`redirected: ${answer.status}`);
    return { status: answer.status, statusText: "" };
  },
});

const oauthSettings = (oauth: OAuthCredentials, httpClient: HTTPClient) => ({
  clientId: oauth.clientId,
  clientKey: oauth.privateKey.reveal(),
  keyId: oauth.keyId,
  scope: oauth.scope,
  authServer: oauth.tokenServer,
  maxRetries: 1, // with 0 the SDK hangs for ever on a 5xx of the token server
  httpClient,
});

const openAnalytics = (shared: Shared, sending: Sending): Analytics => {
  const { writeKey, oauth } = shared.settings;
  const analytics = new Analytics({
    writeKey: writeKey.reveal(),
    maxRetries: 0,
    flushAt: sending.calls.length,
    flushInterval: flushIntervalMs,
    httpClient: batchClient(shared, sending),
    ...(oauth && { oauthSettings: oauthSettings(oauth, shared.token.clientWith(sending.answer)) }),
  });
  // After an answer this says nothing new. Before one, nothing was sent: an event was refused, or no token signed.
  analytics.on("error", ({ reason }) => {
    const message = reason instanceof Error ? reason.message : String(reason);
    const isSize = message.startsWith("Event ");
    sending.answer(oauth && !isSize ? { kind: "oauth", message } : { kind: "refused", message });
  });
  return analytics;
};

const trackAll = (analytics: Analytics, sending: Sending): void => {
  try {
    for (const { userId, anonymousId, event, properties, context, timestamp, messageId } of sending.calls) {
      // Its type wants one of the two ids; the SDK checks that itself, and throws.
      const who = { userId, anonymousId } as { userId: string };
      analytics.track({ ...who, event, properties, context, timestamp, messageId });
    }
  } catch (error) {
    sending.sent = true; // the calls before this one must not go without it
    sending.answer({ kind: "refused", message: errorText(error) });
  }
};

/** Ends the timers of the instance (flush, token poller); it needs a second call after its last event for the latter. */
const release = async (analytics: Analytics): Promise<void> => {
  await analytics.flush({ close: true });
  await analytics.flush();
};

const sendOne = async (shared: Shared, batch: ReadyBatch, signal: AbortSignal): Promise<Answer> => {
  if (signal.aborted) return abortedAnswer;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const sending: Sending = { calls: parseCalls(batch), signal, sent: false, answer: resolve };
  // Token and request have a timeout each; this one is for an SDK that never comes to either.
  const longestMs = shared.settings.timeoutMs * 2 + 1_000;
  const overdue = setTimeout(() => resolve({ kind: "timeout", afterMs: longestMs }), longestMs);
  const onAbort = (): void => resolve(abortedAnswer);
  signal.addEventListener("abort", onAbort, { once: true });
  const analytics = openAnalytics(shared, sending);
  trackAll(analytics, sending);
  const answer = await promise;
  clearTimeout(overdue);
  signal.removeEventListener("abort", onAbort);
  sending.sent = true;
  void release(analytics);
  return answer;
};

/**
 * Segment's own client, one `Analytics` for each batch, so that a batch is one request with one fate
 * (facts: @segment/analytics-node 3.1.0 as shipped). Costs 40-170 us of CPU an event; the only way to use OAuth.
 * A batch that the SDK will not send as one request is answered `refused`, and nothing of it was sent.
 */
export const createSdkTransport = (settings: SdkTransportSettings): SegmentTransport => {
  const http = createHttpClient(settings);
  const shared: Shared = { settings, url: batchUrl(settings.endpoint), http, token: shareToken(http) };
  return {
    send: (batch, signal) => sendOne(shared, batch, signal),
    close: http.close,
  };
};
