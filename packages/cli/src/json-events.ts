import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import { exactJsonOf, parseExactly } from "@currents-relay/shared/core/exact-json.ts";

export type JsonPart =
  | { kind: "chunk"; chunk: Chunk }
  | { kind: "fault"; reason: "over-limit" | "bad-record"; message: string; offset: number };

const eventsInAChunk = 500;
/** More would not fit into one text of JavaScript; one event a line has no such limit. */
const maxValueBytes = 256_000_000;
const newline = 10;

interface Line {
  text: string;
  offset: number;
}

/**
 * The events of a Custom HTTP body (`{"events": [...]}`), of a bare array, of one event, or of one event a line.
 * With one event a line, memory does not grow with the file. A line that is no event is left to the mapping to judge.
 */
export async function* readJsonEvents(bytes: AsyncIterable<Buffer>, source: ChunkSource): AsyncGenerator<JsonPart> {
  const chunks = gatherer(source);
  try {
    for await (const { text, offset } of valuesOf(bytes)) {
      const found = eventsIn(text);
      if (found === undefined) yield { kind: "fault", reason: "bad-record", message: "this is no JSON", offset };
      else for (const event of found) yield* chunks.add(event);
    }
  } catch (error) {
    if (!(error instanceof ValueTooLarge)) throw error;
    yield* chunks.close();
    const message = `one JSON value has more than ${maxValueBytes / 1e6} MB; write one event a line`;
    yield { kind: "fault", reason: "over-limit", message, offset: error.offset };
    return;
  }
  yield* chunks.close();
}

interface ChunkSource {
  /** The file's name. */
  name: string;
  connector: string;
}

const gatherer = ({ name, connector }: ChunkSource) => {
  let events: string[] = [];
  let before = 0;

  function* close(): Generator<JsonPart> {
    if (events.length === 0) return;
    const records = events.length;
    const spans = [{ blockOffset: 0, firstRecord: before, records }];
    const source = { fileId: "", uri: name };
    const header = { v: 1 as const, connector, source, landedAtMs: 0, records, spans };
    yield {
      kind: "chunk",
      chunk: { header: { ...header, content: { encoding: "json" } }, body: Buffer.from(events.join("\n")) },
    };
    before += records;
    events = [];
  }

  function* add(event: string): Generator<JsonPart> {
    events.push(event);
    if (events.length === eventsInAChunk) yield* close();
  }

  return { add, close };
};

/** Each event as one line of JSON; a single event stays as it was written. */
const eventsIn = (text: string): string[] | undefined => {
  const value = parsed(text)?.value;
  if (value === undefined) return undefined;
  const list = Array.isArray(value)
    ? value
    : typeof value === "object" && value !== null && "events" in value && Array.isArray(value.events)
      ? value.events
      : undefined;
  return list ? list.map((event) => exactJsonOf(event)) : [text.includes("\n") ? exactJsonOf(value) : text];
};

const parsed = (text: string): { value: unknown } | undefined => {
  try {
    return { value: parseExactly(text) };
  } catch {
    return undefined; // the parser's message would quote customer data
  }
};

/** The file's JSON values: each line, or, where the first line is only the beginning of one, the whole file. */
async function* valuesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let held: Line[] | undefined;
  let heldCharacters = 0;
  let isFirst = true;
  for await (const line of linesOf(bytes)) {
    if (isFirst && /[[{,]\s*$/.test(line.text) && !parsed(line.text)) held = [];
    isFirst = false;
    if (!held) yield line;
    else {
      held.push(line);
      heldCharacters += line.text.length;
      if (heldCharacters > maxValueBytes) throw new ValueTooLarge(0);
    }
  }
  const whole = held?.map(({ text }) => text).join("\n");
  if (whole !== undefined && parsed(whole)) yield { text: whole, offset: held?.[0]?.offset ?? 0 };
  else yield* held ?? [];
}

/** Lines that are not blank, without a byte order mark. */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let offset = 0;
  const lineOf = (end: Buffer): Line => {
    const whole = Buffer.concat([...rest, end]);
    const line = {
      text: whole
        .toString("utf8")
        .replace(/^\uFEFF/, "")
        .trim(),
      offset,
    };
    offset += whole.length + 1;
    [rest, restBytes] = [[], 0];
    return line;
  };
  for await (const piece of bytes) {
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      const line = lineOf(piece.subarray(start, end));
      if (line.text !== "") yield line;
      start = end + 1;
    }
    rest.push(piece.subarray(start));
    restBytes += piece.length - start;
    if (restBytes > maxValueBytes) throw new ValueTooLarge(offset);
  }
  const last = lineOf(Buffer.alloc(0));
  if (last.text !== "") yield last;
}

class ValueTooLarge extends Error {
  override readonly name = "ValueTooLarge";
  readonly offset: number;
  constructor(offset: number) {
    super(`the value at byte ${offset} is too large`);
    this.offset = offset;
  }
}
