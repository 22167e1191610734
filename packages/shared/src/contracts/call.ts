/** A JSON value; what a track call carries. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/**
 * One Segment track call, as transform makes it and deliver sends it. `context.library` and `sentAt` are the
 * transport's to add. Source: Segment HTTP API, "Track"; Braze's glossary for what goes where.
 */
export interface TrackCall {
  type: "track";
  /** The event's `id`, salted with the connector where dedup.scope is connector. At most 100 characters. */
  messageId: string;
  event: string;
  userId?: string;
  anonymousId?: string;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  properties: { [name: string]: JsonValue };
  context: { [name: string]: JsonValue };
}

/** Segment HTTP API, "Errors" and "Max request size", read 2026-11-23. */
export const segmentLimits = {
  maxCallBytes: 32 * 1024,
  maxRequestBytes: 500 * 1000,
  maxMessageIdCharacters: 100,
} as const;

/** What we pack into one request body: below Segment's limits, with room for the envelope. */
export const batchLimits = { maxBytes: 480 * 1000, maxCalls: 500 } as const;
