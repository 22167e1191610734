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

/** The held bytes, in one piece. */
const byteStore = () => {
  let store: Buffer = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  /** A store that came from the stream has no room behind it, and is not ours to write to. */
  let capacity = 0;
  return {
    held: () => store.subarray(start, end),
    size: () => end - start,
    drop: (bytes: number) => {
      start += bytes;
    },
    /** When nothing is held. */
    become: (bytes: Buffer) => {
      [store, start, end, capacity] = [bytes, 0, bytes.length, bytes.length];
    },
    append: (bytes: Buffer, wanted: number) => {
      const heldBytes = end - start;
      if (end + bytes.length > capacity) {
        // Twice as much each time, so that a stream of single bytes is not copied over and over.
        capacity = Math.max(heldBytes + bytes.length, wanted, 2 * heldBytes, minCapacityBytes);
        const larger = Buffer.allocUnsafeSlow(capacity);
        store.copy(larger, 0, start, end);
        [store, start, end] = [larger, 0, heldBytes];
      }
      store.set(bytes, end);
      end += bytes.length;
    },
  };
};

export const byteWindow = (source: AsyncIterable<Uint8Array>, startOffset: number): ByteWindow => {
  const iterator = source[Symbol.asyncIterator]();
  const { held, size, drop, become, append } = byteStore();
  let ended = false;
  let offset = startOffset;
  /** What the stream gave and is not held yet. */
  let ahead: Buffer = Buffer.alloc(0);

  const readAhead = async (): Promise<void> => {
    const next = await iterator.next();
    if (next.done) ended = true;
    else ahead = viewOf(next.value);
  };

  const take = (wanted: number): void => {
    // Of a block that lies in two pieces only the missing part is copied; the next one is held where it was read to.
    const taken = size() === 0 ? ahead : ahead.subarray(0, wanted - size());
    if (size() === 0) become(taken);
    else append(taken, wanted);
    ahead = ahead.subarray(taken.length);
  };

  return {
    offset: () => offset,
    held,
    fill: async (wanted) => {
      while (size() < wanted && !ended) {
        if (ahead.length === 0) await readAhead();
        if (ahead.length > 0) take(wanted);
      }
      return size() >= wanted;
    },
    drop: (bytes) => {
      drop(bytes);
      offset += bytes;
    },
    close: async () => {
      if (!ended) await iterator.return?.();
    },
  };
};
