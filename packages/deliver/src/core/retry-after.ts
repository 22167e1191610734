/** Longer waits do not fit a timer (2^31 - 1 ms, almost 25 days). */
const maxWaitMs = 2_147_483_647;

/** IMF-fixdate, RFC 850 and asctime all begin with the day's name (RFC 9110, 5.6.7). */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * How long (ms from `nowMs`) a Retry-After header asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3), in full.
 * 0 for a date that has passed; undefined where the header is neither.
 */
export const retryAfterMs = (header: string, nowMs: number): number | undefined => {
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, maxWaitMs);
  if (!httpDate.test(text)) return undefined;
  // asctime names no zone, but means UTC as the others do.
  const atMs = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : Math.min(Math.max(0, atMs - nowMs), maxWaitMs);
};
