import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";

export interface SendOptions {
  /** The connector's address: http://host:port/v1/currents/<workspace>/<connector>. */
  url: string;
  token: string;
  /** Braze sends up to 100 events at a time. */
  batchEvents?: number;
  isGzip?: boolean;
  /** The first wait before a batch is sent again; it doubles, up to 32 times that. */
  backoffMs?: number;
  signal: AbortSignal;
}

export interface SendReport {
  delivered: number;
  /** Answered 400 alone: Braze drops such an event for good. */
  dropped: number;
  /** Not sent again until somebody mends the credentials (401, 403, 404). */
  refused: number;
  /** Requests, by status; 0: no answer. */
  requests: Record<number, number>;
}

/**
 * Sends events as Braze's Custom HTTP connector does, with its reactions: 2xx is done; 400 is sent again one by one, and
 * then dropped; 413 is split; 401, 403 and 404 stop; everything else is sent again, more and more slowly.
 */
export const sendEvents = async (events: readonly unknown[], options: SendOptions): Promise<SendReport> => {
  const { batchEvents = 100, backoffMs = 100, signal } = options;
  const report: SendReport = { delivered: 0, dropped: 0, refused: 0, requests: {} };
  const waiting: (readonly unknown[])[] = [];
  for (let first = 0; first < events.length; first += batchEvents)
    waiting.push(events.slice(first, first + batchEvents));
  for (let batch = waiting.shift(), waitMs = backoffMs; batch && !signal.aborted; batch = waiting.shift()) {
    const status = await post(batch, options);
    report.requests[status] = (report.requests[status] ?? 0) + 1;
    if (status >= 200 && status < 300) report.delivered += batch.length;
    else if (status === 400 && batch.length === 1) report.dropped += 1;
    else if (status === 400) waiting.unshift(...batch.map((event) => [event]));
    else if (status === 413 && batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      waiting.unshift(batch.slice(0, half), batch.slice(half));
    } else if ([401, 403, 404].includes(status)) report.refused += batch.length;
    else {
      waiting.unshift(batch);
      await delay(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(32 * backoffMs, 2 * waitMs);
      continue;
    }
    waitMs = backoffMs;
  }
  return report;
};

const post = async (
  batch: readonly unknown[],
  { url, token, isGzip = false, signal }: SendOptions,
): Promise<number> => {
  const text = JSON.stringify({ events: batch });
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "braze-currents-version": "1",
        ...(isGzip && { "content-encoding": "gzip" }),
      },
      body: isGzip ? gzipSync(text) : text,
      signal,
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0; // no answer; an aborted one ends the loop above
  }
};
