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

/** Whether so many digits stand in a row that an integer might not be exact. Looks at every 16th character, as each such row has one. */
export const hasLongDigits = (text: string): boolean => {
  for (let at = longDigits - 1; at < text.length; at += longDigits) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let [from, end] = [at, at + 1];
    while (isDigit(text.charCodeAt(from - 1))) from -= 1;
    while (isDigit(text.charCodeAt(end))) end += 1;
    if (end - from >= longDigits) return true;
  }
  return false;
};

const exactly = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && isInteger(source) ? BigInt(source) : value;

const isInteger = (source: string | undefined): source is string =>
  source !== undefined && source.length <= mostDigits && /^-?\d+$/.test(source);

/** JSON.parse, but an integer that a number cannot hold is a bigint. Throws what JSON.parse throws. */
export const parseExactly = (text: string): unknown => (hasLongDigits(text) ? parse(text, exactly) : JSON.parse(text));

/** JSON.stringify of what {@link parseExactly} made: bigints are written as the integers that they were. */
export const exactJsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? rawJSON(String(member)) : member));
