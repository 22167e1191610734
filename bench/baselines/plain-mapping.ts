import type { TrackParams } from "@segment/analytics-node";

/** An email click as avsc reads it; null where it has no value. */
export type Click = Record<string, unknown> & { id: string; time: number; user_id: string; external_user_id: string };

/** The mapping that one would write in an afternoon: every field a property. */
export const plainCall = ({ id, time, user_id, external_user_id, ...fields }: Click): TrackParams => ({
  event: "Email Link Clicked",
  messageId: id,
  userId: external_user_id,
  anonymousId: user_id,
  timestamp: new Date(time * 1_000),
  properties: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
});
