import type { OpenPage } from "@currents-relay/shared/core/pages.ts";
import type { CallText } from "./call-text.ts";
import { callSeparator } from "./pack.ts";

/** Bytes that stand in JSON as they are; the others are control characters, quote, backslash and what is not ASCII. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

const quote = 0x22;
const secondsOfDay = 86_400;

const twoDigits = (page: Uint8Array, at: number, value: number): void => {
  page[at] = 0x30 + Math.floor(value / 10);
  page[at + 1] = 0x30 + (value % 10);
};

/**
 * Writes JSON texts into a page, with ",\n" between them: those of one request body lie there as they are sent
 * (pack.ts). Nothing checks for room but {@link begin}: its caller says how many bytes may come. A class because its
 * fields are what makes it fast: one shape, no closures.
 */
export class CallWriter {
  readonly #openPage: OpenPage;
  readonly #pageBytes: number;
  #page: Buffer;
  #start = 0;
  #at = 0;
  #day = NaN;
  #date = "";

  /** All texts should fit into one page; what does not opens another. */
  constructor(pageBytes: number, openPage: OpenPage) {
    this.#openPage = openPage;
    this.#pageBytes = pageBytes;
    this.#page = openPage(pageBytes);
  }

  /** Starts a text of at most so many bytes; the one before is given up where `end` did not take it. */
  begin(maxBytes: number): void {
    this.#at = this.#start;
    if (this.#page.length - this.#start >= maxBytes) return;
    // What was written stays with whoever has it.
    this.#page = this.#openPage(Math.max(this.#pageBytes, maxBytes));
    this.#start = this.#at = 0;
  }

  /** The text since `begin`. */
  end(): CallText {
    const text = { page: this.#page, start: this.#start, end: this.#at };
    this.#start = this.#at + this.#page.write(callSeparator, this.#at, "latin1"); // nothing, at the end of the page
    return text;
  }

  /** A text that is JSON already, by itself. */
  whole(json: string): CallText {
    this.begin(Buffer.byteLength(json));
    this.#at += this.#page.write(json, this.#at, "utf8");
    return this.end();
  }

  get length(): number {
    return this.#at;
  }

  /** Writes over a byte that was written since `begin`. */
  replace(at: number, byte: number): void {
    this.#page[at] = byte;
  }

  byte(byte: number): void {
    this.#page[this.#at++] = byte;
  }

  bytes(bytes: Uint8Array): void {
    const page = this.#page;
    let at = this.#at;
    for (let index = 0; index < bytes.length; index++) page[at++] = bytes[index] as number; // In bounds by the loop.
    this.#at = at;
  }

  ascii(text: string): void {
    this.#at += this.#page.write(text, this.#at, "latin1");
  }

  /** A JSON string. */
  string(text: string): void {
    this.#at += this.#page.write(JSON.stringify(text), this.#at, "utf8");
  }

  /** UTF-8 bytes as a JSON string; bytes that are no UTF-8 as U+FFFD. */
  text(source: Buffer, from: number, end: number): void {
    const page = this.#page;
    let at = this.#at;
    page[at++] = quote;
    for (let pos = from; pos < end; pos++) {
      const byte = source[pos] as number; // In bounds by the loop.
      if (isPlain[byte] === 0) return this.string(source.toString("utf8", from, end));
      page[at++] = byte;
    }
    page[at++] = quote;
    this.#at = at;
  }

  /** Whole UNIX seconds of the years 0 to 9999 as an ISO 8601 JSON string in UTC with milliseconds. */
  timestamp(seconds: number): void {
    const day = Math.floor(seconds / secondsOfDay);
    if (day !== this.#day) {
      this.#date = new Date(day * secondsOfDay * 1000).toISOString();
      this.#day = day;
    }
    const at = this.#at + 1;
    this.ascii(`"${this.#date}"`);
    const rest = seconds - day * secondsOfDay;
    twoDigits(this.#page, at + 11, Math.floor(rest / 3600));
    twoDigits(this.#page, at + 14, Math.floor(rest / 60) % 60);
    twoDigits(this.#page, at + 17, rest % 60);
  }
}
