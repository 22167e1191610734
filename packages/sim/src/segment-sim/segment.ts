import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { type Answer, statusOf } from "./answer.ts";
import { batchRequest } from "./batch-request.ts";
import { type Behaviour, changed, scriptedAnswer, usualBehaviour } from "./behaviour.ts";
import type { CallLog } from "./call-log.ts";
import { parseControl } from "./control.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { tokenAnswer } from "./oauth.ts";
import { readBatch, readBatchFast } from "./read-batch.ts";
import { receiveBody, type ReceivedBody } from "./receive-body.ts";
import type { RequestFacts, Route, RuleAction } from "./rules.ts";
import { type Region, settingsAnswer } from "./settings.ts";
import { takeBatch } from "./take-batch.ts";

export interface SegmentSettings {
  region: Region;
  fast: boolean;
  log: CallLog | undefined;
  logIds: boolean;
  now: () => number;
}

/** Segment behind its endpoints. */
export interface Segment {
  /** Reads and counts one request. Rejects where the client goes away, or where `signal` ends a scripted delay. */
  answer(target: Target, request: IncomingMessage, signal: AbortSignal): Promise<Answer>;
  /** Throws where the script is wrong, and changes nothing then. */
  control: (script: unknown) => void;
  ledger(): Ledger;
}

/** A public route; `writeKey` where the path names one. */
export interface Target {
  route: Route;
  writeKey?: string;
}

/** What rules can see of a request, and what Segment would usually do with it. */
interface Exchange {
  facts: RequestFacts;
  usual: () => Answer;
}

const batchPaths = new Set(["/v1/batch", "/v1/b", "/v1/import"]);
/** For so many at a time bodies are received where those before them were. */
const requestsInHand = 8;
const settingsPath = /^\/v1\/projects\/([^/]+)\/settings$/;

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // not percent-encoded: a key that nobody has
  }
};

/** The public route that the request is for; undefined where Segment has none. */
export const targetOf = (method: string, path: string): Target | undefined => {
  if (method === "POST" && batchPaths.has(path)) return { route: "batch" };
  if (method === "POST" && path === "/token") return { route: "token" };
  const writeKey = settingsPath.exec(path)?.[1];
  return method === "GET" && writeKey !== undefined ? { route: "settings", writeKey: decoded(writeKey) } : undefined;
};

/** A Segment that knows every key, has received nothing and follows no rules yet. */
export const openSegment = ({ region, fast, log, logIds, now }: SegmentSettings): Segment => {
  const openPages = openPagePool(requestsInHand);
  const read = fast ? readBatchFast : readBatch;
  let ledger: Ledger = openLedger();
  let behaviour: Behaviour = usualBehaviour();

  const exchange = ({ route, writeKey = "" }: Target, request: IncomingMessage, body: ReceivedBody): Exchange => {
    if (route === "settings")
      return { facts: { route, writeKey }, usual: () => settingsAnswer(writeKey, behaviour, region) };
    if (route === "token") {
      const bytes = body.kind === "bytes" ? body.bytes : Buffer.alloc(0);
      return { facts: { route }, usual: () => tokenAnswer(bytes, now()) };
    }
    const batch = batchRequest(body, request.headers.authorization, read, now());
    return {
      facts: { route, writeKey: batch.writeKey, count: batch.count, events: batch.events },
      usual: () => takeBatch(batch, { behaviour, ledger, log, logIds, nowMs: now() }),
    };
  };

  const scripted = (action: RuleAction, { facts, usual }: Exchange): Answer => {
    const answer = scriptedAnswer(action, now());
    if (!answer) return usual();
    if (action.when === "after") usual();
    else if (action.discard) ledger.discard(facts.writeKey ?? "", facts.count ?? 0, "rule");
    return answer;
  };

  return {
    async answer(target, request, signal) {
      using pages = openPages(); // until it is answered
      const found = exchange(target, request, await receiveBody(request, pages.open));
      ledger.request(target.route, found.facts.writeKey);
      const action = behaviour.rules(found.facts, now());
      if (action !== "accept" && action.delayMs) await delay(action.delayMs, undefined, { signal });
      const answer = action === "accept" ? found.usual() : scripted(action, found);
      ledger.answered(statusOf(answer));
      return answer;
    },
    control: (script) => {
      const control = parseControl(script);
      if (control.reset) ledger = openLedger();
      behaviour = changed(behaviour, control, now());
    },
    ledger: () => ledger,
  };
};
