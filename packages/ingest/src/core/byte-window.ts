/**
 * The bytes of a stream that were read and not yet dropped, in one piece. Lives as long as one reading of one file.
 * A view of them is good until the next `fill`: the stream may then write over what it gave, and so may the window.
 */
export interface ByteWindow {
  /** Where in the file the first held byte is. */
  offset(): number;
  /** A view of all held bytes, good until the next `fill`. */
  held(): Buffer;
  /** Reads on until `bytes` are held; false when the stream ends before. Errors of the stream pass through. */
  fill(bytes: number): Promise<boolean>;
  drop(bytes: number): void;
  /** Tells the stream that no more is wanted. */
  close(): Promise<void>;
}

const minCapacityBytes = 64 * 1024;

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The held bytes, in one piece: where the stream gave them, or in a place of our own. */
const byteStore = () => {
  let own: Buffer = Buffer.alloc(0);
  let store = own;
  let start = 0;
  let end = 0;
  const size = () => end - start;
  /** Held by ourselves from now on, with room for `wanted` bytes in all. */
  const keep = (wanted: number): void => {
    if (store === own && start + wanted <= own.length) return;
    const heldBytes = size();
    // Room for twice what is held: neither single bytes nor one false length after the other copy it over and over.
    const room = Math.max(wanted, 2 * heldBytes, minCapacityBytes);
    const next = room <= own.length ? own : Buffer.allocUnsafeSlow(room);
    store.copy(next, 0, start, end);
    [own, store, start, end] = [next, next, 0, heldBytes];
  };
  return {
    held: () => store.subarray(start, end),
    size,
    keep,
    drop: (bytes: number) => {
      start += bytes;
    },
    /** When nothing is held. */
    become: (bytes: Buffer) => {
      [store, start, end] = [bytes, 0, bytes.length];
    },
    append: (bytes: Buffer, wanted: number) => {
      keep(wanted);
      own.set(bytes, end);
      end += bytes.length;
    },
  };
};

export const byteWindow = (source: AsyncIterable<Uint8Array>, startOffset: number): ByteWindow => {
  const iterator = source[Symbol.asyncIterator]();
  const { held, size, keep, drop, become, append } = byteStore();
  let ended = false;
  let offset = startOffset;
  /** What the stream gave and is not held yet. */
  let ahead: Buffer = Buffer.alloc(0);

  const readAhead = async (): Promise<void> => {
    // The stream may write over what it gave before.
    if (size() > 0) keep(size());
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
