/**
 * Takes the ids out of a text: half of what is left of a compressed event are ids in hexadecimal digits (UUIDs, Braze's ids
 * of 12, 24 and 32 digits, hashes), which zstd cannot write in four bits a digit. Out of the text they are plain bytes, and the
 * text without them repeats itself more.
 */
export interface Lifted {
  /** All other bytes, with a mark where an id was. */
  text: Buffer;
  /** The ids' bytes, one after the other. */
  ids: Buffer;
}

/** Marks in the text: bytes that UTF-8 never has. Where other content has them, an escape stands before each. */
const uuidMark = 0xf8;
/** A byte follows: how many bytes of ids. */
const runMark = 0xf9;
const escapeMark = 0xff;
const marks = [uuidMark, runMark, escapeMark];
const isMark = (byte: number): boolean => byte >= uuidMark && marks.includes(byte);

const dash = 0x2d;
const nine = 0x39;
const digits = Buffer.from("0123456789abcdef", "latin1");
const notHex = 0xff;
/** The value of each byte that is a hexadecimal digit as Braze writes them. */
const hexValues = new Uint8Array(256).fill(notHex);
for (const [value, digit] of digits.entries()) hexValues[digit] = value;

const uuidLength = 36;
/** Of a UUID's five groups of digits, from its beginning; it is found by the last one. */
const uuidGroups = [
  { start: 0, end: 8 },
  { start: 9, end: 13 },
  { start: 14, end: 18 },
  { start: 19, end: 23 },
  { start: 24, end: uuidLength },
];
/** In digits, of any id: a UUID's last group, or a run. */
const shortestRun = 12;
const longestRun = 2 * 255;

interface Id {
  isUuid: boolean;
  /** In the content; `end` is the first byte behind it. */
  start: number;
  end: number;
}

const isHex = (byte: number | undefined): boolean => byte !== undefined && hexValues[byte] !== notHex;

const areHex = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) if (!isHex(bytes[at])) return false;
  return true;
};

const isUuidAt = (bytes: Buffer, start: number): boolean =>
  uuidGroups.every((group) => areHex(bytes, start + group.start, start + group.end)) &&
  uuidGroups.every((group) => group.end === uuidLength || bytes[start + group.end] === dash);

/** Without one it is a number, a time mostly, of which many begin alike. */
const hasLetter = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = start; at < end; at += 1) if ((bytes[at] ?? 0) > nine) return true;
  return false;
};

/** The next id that begins at `from` or later. It has twelve digits in a row: looking at every twelfth byte finds each. */
const nextId = (bytes: Buffer, from: number): Id | undefined => {
  for (let probe = from + shortestRun - 1; probe < bytes.length; probe += shortestRun) {
    if (!isHex(bytes[probe])) continue;
    let start = probe;
    while (start > from && isHex(bytes[start - 1])) start -= 1;
    let end = probe + 1;
    while (isHex(bytes[end])) end += 1;
    const digitsHere = end - start;
    const uuidStart = end - uuidLength;
    if (digitsHere === shortestRun && uuidStart >= from && isUuidAt(bytes, uuidStart))
      return { isUuid: true, start: uuidStart, end };
    if (digitsHere >= shortestRun && hasLetter(bytes, start, end))
      return { isUuid: false, start, end: start + Math.min(digitsHere - (digitsHere % 2), longestRun) };
    probe = end;
  }
  return undefined;
};

/** Of any bytes; {@link putBack} makes the same of it again. */
export const liftIds = (bytes: Buffer): Lifted => {
  const out = new Lifting(bytes);
  for (let id = nextId(bytes, 0); id !== undefined; id = nextId(bytes, id.end)) out.lift(id);
  return out.lifted();
};

/** Writes text and ids, from the content's beginning to its end. */
class Lifting {
  readonly #bytes: Buffer;
  readonly #text: Buffer;
  readonly #ids: Buffer;
  #textEnd = 0;
  #idsEnd = 0;
  /** So much of the content is written. */
  #done = 0;
  /** Where the content has each of the marks next; behind its end if nowhere. */
  #nextMarks = marks.map(() => -1);

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = Buffer.allocUnsafe(2 * bytes.length); // if every byte were a mark
    this.#ids = Buffer.allocUnsafe(bytes.length >> 1);
    this.#findMarks();
  }

  lift({ isUuid, start, end }: Id): void {
    this.#copyTo(start);
    this.#text[this.#textEnd++] = isUuid ? uuidMark : runMark;
    if (!isUuid) this.#text[this.#textEnd++] = (end - start) >> 1;
    const groups = isUuid ? uuidGroups : [{ start: 0, end: end - start }];
    for (const group of groups) this.#pack(start + group.start, start + group.end);
    this.#done = end;
  }

  lifted(): Lifted {
    this.#copyTo(this.#bytes.length);
    return { text: this.#text.subarray(0, this.#textEnd), ids: this.#ids.subarray(0, this.#idsEnd) };
  }

  #pack(start: number, end: number): void {
    const bytes = this.#bytes;
    for (let at = start; at < end; at += 2) {
      const high = hexValues[bytes[at] ?? 0] ?? 0;
      this.#ids[this.#idsEnd++] = (high << 4) | (hexValues[bytes[at + 1] ?? 0] ?? 0);
    }
  }

  #copyTo(end: number): void {
    for (let mark = Math.min(...this.#nextMarks); mark < end; mark = Math.min(...this.#nextMarks)) {
      this.#copy(mark);
      this.#text[this.#textEnd++] = escapeMark;
      this.#copy(mark + 1);
      this.#findMarks();
    }
    this.#copy(end);
  }

  #copy(end: number): void {
    this.#textEnd += this.#bytes.copy(this.#text, this.#textEnd, this.#done, end);
    this.#done = end;
  }

  #findMarks(): void {
    for (const [i, mark] of marks.entries()) {
      if ((this.#nextMarks[i] ?? 0) >= this.#done) continue;
      const found = this.#bytes.indexOf(mark, this.#done);
      this.#nextMarks[i] = found < 0 ? this.#bytes.length : found;
    }
  }
}

/** What {@link liftIds} was given: so many bytes. Throws where these are other bytes. */
export const putBack = ({ text, ids }: Lifted, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let end = 0;
  let idsDone = 0;
  let textDone = 0;
  const copyTo = (textEnd: number): void => {
    text.copy(bytes, end, textDone, textEnd);
    end += textEnd - textDone;
  };
  const writeDigits = (count: number): void => {
    for (const last = end + count; end < last; idsDone += 1) {
      const byte = ids[idsDone] ?? 0;
      bytes[end++] = digits[byte >> 4] ?? 0;
      bytes[end++] = digits[byte & 15] ?? 0;
    }
  };
  const writeUuid = (): void => {
    for (const group of uuidGroups) {
      if (group.start > 0) bytes[end++] = dash;
      writeDigits(group.end - group.start);
    }
  };
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (!isMark(byte)) continue;
    copyTo(at);
    if (byte === uuidMark) writeUuid();
    else {
      at += 1;
      const follows = text[at] ?? 0;
      if (byte === runMark) writeDigits(2 * follows);
      else bytes[end++] = follows;
    }
    textDone = at + 1;
  }
  copyTo(text.length);
  if (end !== length || idsDone !== ids.length) throw new Error("ids and text do not belong together");
  return bytes;
};
