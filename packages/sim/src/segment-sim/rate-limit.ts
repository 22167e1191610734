/** `eventsPerSecond` over all requests of one write key, or of all keys together (sources of one Segment workspace). */
export interface RateLimit {
  eventsPerSecond: number;
  /** How many events may come at once; default one second's worth. */
  burst?: number;
  /** Default "writeKey". */
  scope?: "writeKey" | "all";
}

/** Refilling in fractions can leave a bucket this much short of what the wait that was told should have given. */
const roundingTokens = 1e-6;

/** Returns 0 where the events may pass (and counts them), else the milliseconds until they may (and counts nothing). */
export type RateGate = (writeKey: string, events: number, nowMs: number) => number;

/**
 * A token bucket. A batch larger than the bucket passes when the bucket is full and leaves it in debt, so nothing is
 * refused for ever.
 */
export const rateGate = ({ eventsPerSecond, burst = eventsPerSecond, scope = "writeKey" }: RateLimit): RateGate => {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (writeKey, events, nowMs) => {
    const name = scope === "all" ? "" : writeKey;
    const last = buckets.get(name) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, last.tokens + ((nowMs - last.atMs) / 1000) * eventsPerSecond);
    const needed = Math.min(events, burst);
    const passes = tokens >= needed - roundingTokens;
    buckets.set(name, { tokens: passes ? tokens - events : tokens, atMs: nowMs });
    return passes ? 0 : Math.ceil(((needed - tokens) / eventsPerSecond) * 1000);
  };
};
