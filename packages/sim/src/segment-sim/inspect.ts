import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, json } from "./answer.ts";
import type { Ledger } from "./ledger.ts";
import type { Segment } from "./segment.ts";

const idsAtOnce = 1_000;

/** The ids as NDJSON, in pieces of a thousand lines. */
const idLines = function* (ids: ReadonlyMap<string, number>): Generator<string> {
  let lines: string[] = [];
  for (const [id, count] of ids) {
    lines.push(JSON.stringify({ id, count }) + "\n");
    if (lines.length < idsAtOnce) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
};

const callsJson = (ledger: Ledger, limit: number): string => {
  const lines = ledger.calls
    .last(limit)
    .map(({ at, writeKey, call }) => `{"at":"${at}","writeKey":${JSON.stringify(writeKey)},"call":${call}}`);
  return `[${lines.join(",")}]`;
};

const controlled = async (segment: Segment, request: IncomingMessage): Promise<Answer> => {
  try {
    segment.control(JSON.parse(await text(request)));
    return json(200, { success: true });
  } catch (error) {
    return json(400, { success: false, message: error instanceof Error ? error.message : String(error) });
  }
};

const lookEveryMs = 10;
const longestWaitMs = 1_000;

/** Waits for the ledger to have accepted so many, but no longer than a second: who asks would disturb more than that. */
const accepted = async (ledger: Ledger, atLeast: number): Promise<Answer> => {
  const untilMs = performance.now() + longestWaitMs;
  while (ledger.accepted() < atLeast && performance.now() < untilMs) await delay(lookEveryMs);
  return json(200, ledger.accepted());
};

/**
 * The stand-in's own pages: `GET /__stats`, `/__accepted` (a number, as cheap as can be; with `?atLeast=` it is answered
 * as soon as there are so many, after a second in any case), `/__ids` (NDJSON, sent by this function itself),
 * `/__calls?limit=` (default 100), `/__arrivals`, and `POST /__control`. Undefined where there is nothing left to send.
 */
export const inspect = async (
  segment: Segment,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer | undefined> => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://sim");
  const ledger = segment.ledger();
  switch (`${request.method} ${pathname}`) {
    case "GET /__stats":
      return json(200, ledger.stats());
    case "GET /__accepted":
      return accepted(ledger, Number(searchParams.get("atLeast") ?? 0));
    case "GET /__arrivals":
      return json(200, ledger.arrivals.last(Infinity));
    case "GET /__calls": {
      const limit = Number(searchParams.get("limit") ?? 100);
      if (!Number.isInteger(limit) || limit < 0) return json(400, { success: false, message: "limit is no count" });
      const body = callsJson(ledger, limit);
      return { kind: "reply", status: 200, headers: { "content-type": "application/json" }, body };
    }
    case "GET /__ids":
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      await pipeline(Readable.from(idLines(ledger.ids())), response);
      return undefined;
    case "POST /__control":
      return controlled(segment, request);
    default:
      return json(404, { success: false, message: "no such page" });
  }
};
