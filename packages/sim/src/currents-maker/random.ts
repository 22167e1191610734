/** A source of random values; the same seed gives the same values in the same order. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  next: () => number;
  /** A whole number from 0 to below `limit`. */
  below: (limit: number) => number;
  /** True with this chance (0 to 1). */
  chance: (share: number) => boolean;
  pick: <T>(items: readonly [T, ...T[]]) => T;
  /** That many lower-case hexadecimal digits. */
  hex: (digits: number) => string;
  /** A version 4 UUID, lower case. */
  uuid: () => string;
}

const bytesAsHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const wordAsHex = (word: number): string =>
  `${bytesAsHex[word >>> 24]}${bytesAsHex[(word >>> 16) & 255]}${bytesAsHex[(word >>> 8) & 255]}${bytesAsHex[word & 255]}`;

/** splitmix32: spreads one seed over the words that the generator starts from. */
const seedWords = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
};

/** xoshiro128**, 32 bits at a time. */
const words = (seed: number): (() => number) => {
  const start = seedWords(seed);
  let [a, b, c, d] = [start(), start(), start(), start()];
  return () => {
    const scrambled = Math.imul(b, 5);
    const word = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return word;
  };
};

export const seededRandom = (seed: number): Random => {
  const word = words(seed);
  const next = (): number => word() / 4_294_967_296;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0],
    hex: (digits) => {
      let text = "";
      while (text.length < digits) text += wordAsHex(word());
      return text.slice(0, digits);
    },
    uuid: () => {
      const middle = wordAsHex(word());
      const variant = wordAsHex(((word() & 0x3fffffff) | 0x80000000) >>> 0);
      return `${wordAsHex(word())}-${middle.slice(0, 4)}-4${middle.slice(5)}-${variant.slice(0, 4)}-${variant.slice(4)}${wordAsHex(word())}`;
    },
  };
};

/**
 * A UUID that no other serial number (below 2^32) of the same run can have: its last eight digits are the serial
 * number, scattered by a multiplication that has an inverse.
 */
export const numberedUuid = (random: Random, serial: number): string =>
  random.uuid().slice(0, -8) + wordAsHex(Math.imul(serial, 0x9e3779b1) >>> 0);
