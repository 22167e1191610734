/** 128 bits. */
export type Digest = Uint32Array;

const notHex = 0xff;
const hexOf = new Uint8Array(128).fill(notHex);
for (let value = 0; value < 16; value++) hexOf[value.toString(16).charCodeAt(0)] = value;

const uuidLength = 36;
const dash = "-".charCodeAt(0);
const dashes = [8, 13, 18, 23];
const digits = Uint8Array.from({ length: uuidLength }, (_, place) => place).filter((place) => !dashes.includes(place));
const digitsOfWord = 8;
const digestBytes = 16;
const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

const finish = (word: number): number => {
  const once = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
};

const stir = (word: number, before: number, by: number, behind: number): number =>
  Math.imul(rotate(Math.imul(word, before), by), behind);

/**
 * MurmurHash3 (x86, 128 bits, seed 0) of one block, read as four words. Source: Austin Appleby's MurmurHash3.cpp. For one
 * block, each of its steps can be taken back.
 */
const mix = (words: Digest): void => {
  let h1 = Math.imul(rotate(stir(words[0] ?? 0, c1, 15, c2), 19), 5) + 0x561ccd1b;
  let h2 = Math.imul(rotate(stir(words[1] ?? 0, c2, 16, c3), 17), 5) + 0x0bcaa747;
  let h3 = Math.imul(rotate(stir(words[2] ?? 0, c3, 17, c4), 15), 5) + 0x96cd1c35;
  let h4 = Math.imul(rotate(stir(words[3] ?? 0, c4, 18, c1), 13) + h1, 5) + 0x32ac3b17;
  h2 ^= digestBytes;
  h3 ^= digestBytes;
  h4 ^= digestBytes;
  h1 = ((h1 ^ digestBytes) + h2 + h3 + h4) | 0;
  h2 = finish((h2 + h1) | 0);
  h3 = finish((h3 + h1) | 0);
  h4 = finish((h4 + h1) | 0);
  h1 = (finish(h1) + h2 + h3 + h4) | 0;
  words[0] = h1;
  words[1] = h2 + h1;
  words[2] = h3 + h1;
  words[3] = h4 + h1;
};

const hasDashes = (text: string): boolean => {
  for (let i = 0; i < dashes.length; i++) if (text.charCodeAt(dashes[i] ?? 0) !== dash) return false;
  return true;
};

/**
 * Mixes the 128 bits of a UUID into 128 others, of which each depends on all; no two UUIDs come to the same. False, and
 * nothing of meaning in `into`, where the text is none as Braze writes them, in lower case.
 */
export const uuidDigest = (text: string, into: Digest): boolean => {
  if (text.length !== uuidLength || !hasDashes(text)) return false;
  let seen = 0;
  for (let word = 0; word < into.length; word++) {
    let bits = 0;
    for (let i = word * digitsOfWord; i < (word + 1) * digitsOfWord; i++) {
      const value = hexOf[text.charCodeAt(digits[i] ?? 0)] ?? notHex;
      seen |= value;
      bits = (bits << 4) | value;
    }
    into[word] = bits;
  }
  if (seen > 0xf) return false;
  mix(into);
  return true;
};
