/** One request body as transform packed it, without its envelope. */
export interface ReadyBatch {
  /** The calls' JSON texts, each on one line, joined by ",\n"; no brackets around them. */
  calls: string;
  /** How many calls there are; at least 1. */
  count: number;
}

/**
 * Throws if `count` is not the number of calls: then nobody knows what was delivered. Cheap: looks for line breaks only,
 * and JSON escapes those inside of a text, so each one here stands between two calls.
 */
export const checkCount = ({ calls, count }: ReadyBatch): void => {
  let found = calls === "" ? 0 : 1;
  for (let at = calls.indexOf("\n"); at !== -1; at = calls.indexOf("\n", at + 1)) found += 1;
  if (found !== count || count === 0) throw new Error(`a batch of ${count} calls holds ${found}`);
};
