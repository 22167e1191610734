/**
 * Segment's limits as the stand-in enforces them (Segment HTTP API, "Errors" and "Max request size", read 2026-11-23).
 * Not taken from `shared`: a wrong limit of ours has to show against these. "500 KB" is read as 500 * 1024 = 512,000
 * bytes, of the body after decompression.
 */
export const simLimits = {
  maxRequestBytes: 500 * 1024,
  maxEventBytes: 32 * 1024,
  /** The events after these get a 200 too, and are thrown away. */
  maxEvents: 2_500,
  /** A shorter write key gets 400; any other unknown key gets 200. */
  minWriteKeyCharacters: 4,
} as const;
