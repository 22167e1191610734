/** A double holds every integer of 15 digits. */
const longDigits = 16;
/** Of more digits JSON.parse makes Infinity, and BigInt would take its time. */
const mostDigits = 308;

/** The compiler does not know yet what Node 24 hands to a reviver, and how a number is written as it stood. */
const { parse, rawJSON } = JSON as unknown as {
  parse: (text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown) => unknown;
  rawJSON: (text: string) => unknown;
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** What may stand beside a number: the end of the text (NaN), white space, or a sign of JSON's own. */
const isBeside = (code: number, signs: string): boolean =>
  Number.isNaN(code) || code <= 0x20 || signs.includes(String.fromCharCode(code));

/**
 * Whether an integer may stand there that has so many digits that it might not be exact; mostly such a row is a part of a
 * text, which JSON.parse reads as well, and several times as fast. Looks at every 16th character, as each such row has one.
 */
export const hasLongIntegers = (text: string): boolean => {
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let [from, end] = [at, at + 1];
    while (isDigit(text.charCodeAt(from - 1))) from -= 1;
    while (isDigit(text.charCodeAt(end))) end += 1;
    if (end - from < longDigits) continue;
    const before = text[from - 1] === "-" ? from - 2 : from - 1;
    if (isBeside(text.charCodeAt(before), ":,[") && isBeside(text.charCodeAt(end), ",]}")) return true;
    at = end;
  }
  return false;
};

const exactly = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && isInteger(source) ? BigInt(source) : value;

const isInteger = (source: string | undefined): source is string =>
  source !== undefined && source.length <= mostDigits && /^-?\d+$/.test(source);

/** JSON.parse, but an integer that a number cannot hold is a bigint. Throws what JSON.parse throws. */
export const parseExactly = (text: string): unknown =>
  hasLongIntegers(text) ? parse(text, exactly) : JSON.parse(text);

/** JSON.stringify of what {@link parseExactly} made: bigints are written as the integers that they were. */
export const exactJsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? rawJSON(String(member)) : member));
