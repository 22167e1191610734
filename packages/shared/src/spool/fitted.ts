/** A string of Redis has a head of at most so many bytes, and a zero behind it. */
const stringOverheadBytes = 10;
/** Less than this is not worth a second key, which costs some 150 bytes. */
const worthBytes = 512;
const nothing = Buffer.alloc(0);

/** The largest size up to so many bytes that jemalloc has: there are four for each doubling (40, 48, 56, 64, 80 kB). */
const sizeBelow = (bytes: number): number => {
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.floor(bytes / step) * step;
};

/** The smallest one that so many bytes fit into. */
const sizeAbove = (bytes: number): number => {
  const below = sizeBelow(bytes);
  return below === bytes ? bytes : below + 2 ** (Math.floor(Math.log2(bytes)) - 2);
};

/**
 * In two parts, the first of a size that Redis' allocator has, where that saves memory. It rounds every string up to its
 * next size, by a tenth on average: 41 kB take 48 kB as one string, and 41.1 kB as two. The second part is empty where one
 * string fits well enough.
 */
export const fitted = (bytes: Buffer): [first: Buffer, rest: Buffer] => {
  const needed = bytes.length + stringOverheadBytes;
  if (sizeAbove(needed) - needed < worthBytes) return [bytes, nothing];
  const place = sizeBelow(needed) - stringOverheadBytes;
  const rest = needed - place;
  const saved = sizeAbove(needed) - sizeBelow(needed) - sizeAbove(rest);
  return saved < worthBytes ? [bytes, nothing] : [bytes.subarray(0, place), bytes.subarray(place)];
};
