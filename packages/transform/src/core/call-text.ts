/**
 * The JSON of one call, in UTF-8, where it was written. No Buffer of its own: thousands of them live for as long as their
 * chunks are in hand, and a collection of young objects would copy them all.
 */
export interface CallText {
  page: Buffer;
  start: number;
  end: number;
}

/** A view, not a copy. */
export const bytesOfCall = ({ page, start, end }: CallText): Buffer => page.subarray(start, end);
