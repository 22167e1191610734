/**
 * The closed lists of why an event (or a file) did not simply pass. Every entry is a metric label, a word in
 * `relay status` and a line in docs/RUNBOOK.md; nothing leaves the way of an event under any other word.
 */

/** Left out by rule: nobody need act. */
export const dropReasons = {
  "not-selected": "the connector does not select this event type",
  "not-exported": "Braze never exports this event type to Segment",
  duplicate: "an event with the same id was already taken within the dedup window",
  "no-external-user-id": "the user has no external_user_id and anonymousUsers is off",
  expired: "held longer than expiry.after, and expiry.then is drop",
  "by-operator": "removed by an operator's command",
} as const;
export type DropReason = keyof typeof dropReasons;

/** No retry can help: kept aside for an engineer to look at. */
export const quarantineReasons = {
  "not-avro": "the file is not an Avro object container",
  "empty-file": "the file has no bytes",
  truncated: "the file ends in the middle of its header or of a block",
  "corrupt-block": "a block failed its checks (sync marker, checksum, decompression, record walk)",
  "bad-schema": "the file's schema cannot be used",
  "unsupported-codec": "the file is compressed with a codec that is not known",
  "over-limit": "a size or a count in the file is over the configured limit",
  "unknown-event-type": "neither the schema's name nor the path says what type of event this is",
  "bad-record": "the record could not be read",
  "missing-id": "the record has no id",
  "missing-user-id": "the record has no user_id",
  "missing-name": "the custom event has no name",
  "invalid-time": "the record has no time, or one that is no date",
  "call-too-large": "the call is over Segment's 32 KB an event",
  rejected: "Segment answered 400 to this call alone",
  "too-large-for-segment": "Segment answered 413 to this call alone",
  poison: "the job ended its worker, or failed, too often",
  "spool-missing": "the payload of the job is gone",
} as const;
export type QuarantineReason = keyof typeof quarantineReasons;

/** Waiting for the customer: costs no attempt. */
export const holdReasons = {
  unverified: "the write key was not verified yet",
  "unknown-write-key": "Segment's settings endpoint does not know the write key",
  unauthorized: "Segment answered 401",
  forbidden: "Segment answered 403",
  "not-found": "Segment answered 404",
  "oauth-refused": "Segment's token server refused the credentials",
  "everything-refused": "Segment answered 400 or 413 to every call, each by itself",
  operator: "held by an operator's command",
} as const;
export type HoldReason = keyof typeof holdReasons;
