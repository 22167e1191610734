/** One event of a request body: where it stands in the bytes, and what Segment needs of it. */
export interface ScannedEvent {
  start: number;
  /** The first byte after the event. */
  end: number;
  messageId?: string;
  /** Whether it has a userId or an anonymousId that is not empty. */
  hasUser: boolean;
}

export interface ScannedBatch {
  writeKey?: string;
  /** Undefined where the body has no `batch` array. */
  events?: ScannedEvent[];
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const afterSpace = (bytes: Buffer, at: number): number => {
  while (isSpace(bytes[at])) at++;
  return at;
};

/** The byte after the string that starts at `at`. Throws where the body ends inside it. */
const afterString = (bytes: Buffer, at: number): number => {
  const length = bytes.length;
  for (let i = at + 1; i < length; i++) {
    const byte = bytes[i];
    if (byte === quote) return i + 1;
    if (byte === backslash) i++;
  }
  throw new SyntaxError("the body ends inside a string");
};

/** The byte after the value that starts at `at`, by counting brackets outside strings. */
const afterValue = (bytes: Buffer, at: number): number => {
  const length = bytes.length;
  let depth = 0;
  let i = at;
  while (i < length) {
    const byte = bytes[i];
    if (byte === quote) {
      i = afterString(bytes, i);
      if (depth === 0) return i;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return i; // the end of a number or a word, and of what it stands in
      depth--;
      if (depth === 0) return i + 1;
    } else if (byte === comma && depth === 0) return i;
    i++;
  }
  throw new SyntaxError("the body ends inside a value");
};

const textAt = (bytes: Buffer, start: number, end: number): string | undefined => {
  if (bytes[start] !== quote) return undefined;
  const raw = bytes.toString("utf8", start + 1, end - 1);
  // The slice is a whole JSON string, so it parses to one.
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
};

/** Calls `member` for every member of the object at `at`, in order; returns the byte after the object. */
const eachMember = (bytes: Buffer, at: number, member: (key: string, valueStart: number) => number): number => {
  let i = afterSpace(bytes, at + 1);
  if (bytes[i] === closeBrace) return i + 1;
  for (;;) {
    if (bytes[i] !== quote) throw new SyntaxError(`a key is missing at byte ${i}`);
    const keyEnd = afterString(bytes, i);
    const key = bytes.toString("latin1", i + 1, keyEnd - 1);
    i = afterSpace(bytes, keyEnd);
    if (bytes[i] !== colon) throw new SyntaxError(`a colon is missing at byte ${i}`);
    i = afterSpace(bytes, member(key, afterSpace(bytes, i + 1)));
    if (bytes[i] === closeBrace) return i + 1;
    if (bytes[i] !== comma) throw new SyntaxError(`a comma is missing at byte ${i}`);
    i = afterSpace(bytes, i + 1);
  }
};

const scanEvent = (bytes: Buffer, start: number): ScannedEvent => {
  const event: ScannedEvent = { start, end: 0, hasUser: false };
  event.end = eachMember(bytes, start, (key, valueStart) => {
    const valueEnd = afterValue(bytes, valueStart);
    if (key === "messageId") {
      const id = textAt(bytes, valueStart, valueEnd);
      if (id !== undefined) event.messageId = id;
    } else if (key === "userId" || key === "anonymousId")
      event.hasUser ||= bytes[valueStart] === quote && valueEnd - valueStart > 2;
    return valueEnd;
  });
  return event;
};

const scanEvents = (bytes: Buffer, at: number, events: ScannedEvent[]): number => {
  let i = afterSpace(bytes, at + 1);
  if (bytes[i] === closeBracket) return i + 1;
  for (;;) {
    if (bytes[i] !== openBrace) throw new SyntaxError(`the event at byte ${i} is no object`);
    const event = scanEvent(bytes, i);
    events.push(event);
    i = afterSpace(bytes, event.end);
    if (bytes[i] === closeBracket) return i + 1;
    if (bytes[i] !== comma) throw new SyntaxError(`a comma is missing at byte ${i}`);
    i = afterSpace(bytes, i + 1);
  }
};

/**
 * Reads what the stand-in must know of a request body in one pass over its bytes, without building its values: the
 * write key, and of every event its exact place, id and user. An event's end minus its start is its size in bytes.
 * Throws SyntaxError on a broken structure; the inside of a value is not checked (JSON.parse does that).
 */
export const scanBatch = (bytes: Buffer): ScannedBatch => {
  const found: ScannedBatch = {};
  const start = afterSpace(bytes, 0);
  if (bytes[start] !== openBrace) throw new SyntaxError("the body is no JSON object");
  const end = eachMember(bytes, start, (key, valueStart) => {
    if (key === "batch" && bytes[valueStart] === openBracket) return scanEvents(bytes, valueStart, (found.events = []));
    const valueEnd = afterValue(bytes, valueStart);
    if (key === "writeKey") {
      const writeKey = textAt(bytes, valueStart, valueEnd);
      if (writeKey !== undefined) found.writeKey = writeKey;
    }
    return valueEnd;
  });
  if (afterSpace(bytes, end) !== bytes.length) throw new SyntaxError("the body goes on after its end");
  return found;
};
