/**
 * The bytes of a stream that were read and not yet dropped, in one piece. Lives as long as one reading of one file.
 * Bytes that were once shown are never written to again: a view of them stays good for as long as it is held.
 */
export interface ByteWindow {
  /** Where in the file the first held byte is. */
  offset(): number;
  /** A view of all held bytes. */
  held(): Buffer;
  /** Reads on until `bytes` are held; false when the stream ends before. Errors of the stream pass through. */
  fill(bytes: number): Promise<boolean>;
  drop(bytes: number): void;
  /** Tells the stream that no more is wanted. */
  close(): Promise<void>;
}

const minCapacityBytes = 64 * 1024;

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const byteWindow = (source: AsyncIterable<Uint8Array>, startOffset: number): ByteWindow => {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  let offset = startOffset;
  let store: Buffer = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  /** A store that came from the stream has no room behind it, and is not ours to write to. */
  let capacity = 0;

  const append = (bytes: Uint8Array, wanted: number): void => {
    const heldBytes = end - start;
    if (heldBytes === 0) {
      store = viewOf(bytes);
      [start, end, capacity] = [0, bytes.length, bytes.length];
      return;
    }
    const needed = heldBytes + bytes.length;
    if (end + bytes.length > capacity) {
      // Twice as much each time, so that a stream of single bytes is not copied over and over.
      capacity = Math.max(needed, wanted, 2 * heldBytes, minCapacityBytes);
      const larger = Buffer.allocUnsafeSlow(capacity);
      store.copy(larger, 0, start, end);
      [store, start, end] = [larger, 0, heldBytes];
    }
    store.set(bytes, end);
    end += bytes.length;
  };

  return {
    offset: () => offset,
    held: () => store.subarray(start, end),
    fill: async (wanted) => {
      while (end - start < wanted && !ended) {
        const next = await iterator.next();
        if (next.done) ended = true;
        else append(next.value, wanted);
      }
      return end - start >= wanted;
    },
    drop: (bytes) => {
      start += bytes;
      offset += bytes;
    },
    close: async () => {
      if (!ended) await iterator.return?.();
    },
  };
};
