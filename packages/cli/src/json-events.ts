import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { ConnectorRules } from "@currents-relay/transform/core/rules.ts";

type JsonPart = { kind: "chunk"; chunk: Chunk } | { kind: "fault"; reason: string; message: string; offset: number };

/** The events of a Custom HTTP body (`{"events": [...]}`), of a bare array, of one event, or of one event a line. */
export async function* readJsonEvents(
  bytes: AsyncIterable<Buffer>,
  { name, rules }: { name: string; rules: ConnectorRules },
): AsyncGenerator<JsonPart> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  const text = Buffer.concat(pieces).toString("utf8");
  let offset = 0;
  const events: string[] = [];
  const whole = parse(text);
  if (whole.kind === "value") events.push(...eventsOf(whole.value).map((event) => JSON.stringify(event)));
  else
    for (const line of text.split("\n")) {
      const parsed = parse(line);
      if (parsed.kind === "value") events.push(...eventsOf(parsed.value).map((event) => JSON.stringify(event)));
      else if (line.trim() !== "") yield { kind: "fault", reason: "bad-record", message: parsed.message, offset };
      offset += Buffer.byteLength(line) + 1;
    }
  if (events.length === 0) return;
  yield {
    kind: "chunk",
    chunk: {
      header: {
        v: 1,
        connector: rules.connector,
        source: { fileId: "", uri: name },
        landedAtMs: 0,
        records: events.length,
        spans: [{ blockOffset: 0, firstRecord: 0, records: events.length }],
        content: { encoding: "json" },
      },
      body: Buffer.from(events.join("\n")),
    },
  };
}

const parse = (text: string): { kind: "value"; value: unknown } | { kind: "bad"; message: string } => {
  try {
    return { kind: "value", value: JSON.parse(text) };
  } catch (error) {
    return { kind: "bad", message: error instanceof Error ? error.message : String(error) };
  }
};

const eventsOf = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null && "events" in value && Array.isArray(value.events))
    return value.events;
  return [value];
};
