/** One request body as transform packed it, without its envelope. */
export interface ReadyBatch {
  /** The calls' JSON texts (UTF-8), each on one line, joined by ",\n"; no brackets around them. */
  calls: Buffer;
  /** How many calls there are; at least 1. */
  count: number;
}

/** One byte that UTF-8 uses for nothing else. */
const lineFeed = 0x0a;

/**
 * Throws if `count` is not the number of calls: then nobody knows what was delivered. Cheap: looks for line breaks only,
 * and JSON escapes those inside of a text, so each one here stands between two calls.
 */
export const checkCount = ({ calls, count }: ReadyBatch): void => {
  let found = calls.length === 0 ? 0 : 1;
  for (let at = calls.indexOf(lineFeed); at !== -1; at = calls.indexOf(lineFeed, at + 1)) found += 1;
  if (found !== count || count === 0) throw new Error(`a batch of ${count} calls holds ${found}`);
};
