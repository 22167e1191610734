import { type Answer, json } from "./answer.ts";
import type { BatchRequest } from "./batch-request.ts";
import type { Behaviour } from "./behaviour.ts";
import type { CallLog } from "./call-log.ts";
import type { DiscardReason, Ledger } from "./ledger.ts";
import { simLimits } from "./limits.ts";
import { listedIds } from "./message-ids.ts";

export interface BatchContext {
  behaviour: Behaviour;
  ledger: Ledger;
  log: CallLog | undefined;
  /** The log has ids and write keys only. */
  logIds: boolean;
  nowMs: number;
}

const success = json(200, { success: true });

const refusedByKey = ({ writeKey, byToken }: BatchRequest, { behaviour }: BatchContext): DiscardReason | undefined => {
  if (behaviour.otherRegionKeys.has(writeKey)) return "other-region";
  if (behaviour.keys && !behaviour.keys.has(writeKey) && !byToken) return "unknown-key";
  return undefined;
};

const keep = (request: BatchRequest, { ledger, log, logIds, nowMs }: BatchContext): void => {
  const { writeKey, count, ids, callAt } = request;
  if (ids && !log && count <= simLimits.maxEvents) return ledger.accept(writeKey, ids, nowMs);
  const events = request.events();
  const at = new Date(nowMs).toISOString();
  const accepted: (string | undefined)[] = [];
  events.slice(0, simLimits.maxEvents).forEach(({ messageId, hasUser }, index) => {
    if (!hasUser) return;
    accepted.push(messageId);
    const call = logIds ? undefined : callAt?.(index);
    if (call !== undefined) ledger.calls.push({ at, writeKey, call });
    if (log && call !== undefined) log.add(`{"at":"${at}","writeKey":${JSON.stringify(writeKey)},"call":${call}}`);
    else if (log) log.add(JSON.stringify({ at, id: messageId, writeKey }));
  });
  const tooMany = Math.max(0, events.length - simLimits.maxEvents);
  ledger.accept(writeKey, listedIds(accepted), nowMs);
  ledger.discard(writeKey, tooMany, "too-many");
  ledger.discard(writeKey, events.length - tooMany - accepted.length, "no-user");
};

/** What Segment does with a batch when nothing special is the matter, and what it answers. */
export const takeBatch = (request: BatchRequest, context: BatchContext): Answer => {
  const { writeKey, count, fault } = request;
  if (fault) return json(fault.status, { success: false, message: fault.message });
  const reason = refusedByKey(request, context);
  if (reason) {
    context.ledger.discard(writeKey, count, reason);
    return success;
  }
  const waitMs = context.behaviour.gate?.(writeKey, count, context.nowMs) ?? 0;
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    return json(
      429,
      { success: false, message: "rate limit exceeded" },
      { "Retry-After": String(seconds), "X-RateLimit-Reset": String(Math.ceil(context.nowMs / 1000) + seconds) },
    );
  }
  keep(request, context);
  return success;
};
