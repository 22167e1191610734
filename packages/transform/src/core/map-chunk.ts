import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { DropReason, QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import { drop, ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { newPage, type OpenPage } from "@currents-relay/shared/core/pages.ts";
import type { CallText } from "./call-text.ts";
import { checkCall, type SerialisedCall } from "./check-call.ts";
import { compileRules } from "./compiled-rules.ts";
import { textOf } from "./identity.ts";
import type { MappedCall } from "./map-event.ts";
import { mappedEvents, type MappedEvent } from "./mapped-events.ts";
import type { ConnectorRules } from "./rules.ts";

/** A call that is ready to be claimed and packed. */
export interface ReadyCall extends SerialisedCall {
  /** The event's id: what dedup knows it by. */
  id: string;
  /** Position of its record in the chunk, from 0. */
  index: number;
}

export interface QuarantinedEvent {
  /** Position of its record in the chunk, from 0. */
  index: number;
  reason: QuarantineReason;
  /** One sentence without any content of the event. */
  message: string;
  eventType?: string;
  eventId?: string;
}

/** Every record of the chunk is in exactly one of `calls`, `dropped` and `quarantined`. */
export interface MappedChunk {
  /** In the order of the records; no id twice. */
  calls: ReadyCall[];
  dropped: Partial<Record<DropReason, number>>;
  quarantined: QuarantinedEvent[];
  /** Event type -> events that the general rules mapped because the catalog does not have it. */
  unknownTypes: Map<string, number>;
}

/**
 * Decodes, selects, maps and checks the events of a chunk: all of transform that needs no one else. A repeat of an id
 * within the chunk is dropped here, because the claims cannot see it (both have the same owner). Throws on a damaged
 * chunk and on field rules that cannot be used. The calls lie in the pages that `openPage` gives.
 */
export const mapChunk = (chunk: Chunk, rules: ConnectorRules, openPage: OpenPage = newPage): MappedChunk => {
  const { content, records } = chunk.header;
  const result: MappedChunk = { calls: [], dropped: {}, quarantined: [], unknownTypes: new Map() };
  const compiled = compileRules(rules);
  if (content.encoding === "avro" && !compiled.selected(content.eventType)) {
    result.dropped["not-selected"] = records;
    return result;
  }

  const seenIds = new Set<string>();
  let index = 0;
  for (const event of mappedEvents(chunk, compiled, openPage)) {
    const { outcome, eventType } = event;
    if (outcome.kind === "ok" && outcome.value.unknownType && eventType !== undefined)
      increment(result.unknownTypes, eventType);
    const ready = outcome.kind === "ok" ? readyCall(outcome.value, index, seenIds) : outcome;
    settle(result, ready, { index, event });
    index += 1;
  }
  return result;
};

/** Only a call that will go out makes a later one with its id a duplicate. */
const readyCall = ({ call, id }: MappedCall<CallText>, index: number, seenIds: Set<string>): Outcome<ReadyCall> => {
  if (seenIds.has(id)) return drop("duplicate");
  const checked = checkCall(call);
  if (checked.kind !== "ok") return checked;
  seenIds.add(id);
  return ok({ id, index, json: checked.value });
};

const settle = (
  result: MappedChunk,
  outcome: Outcome<ReadyCall>,
  { index, event }: { index: number; event: MappedEvent },
): void => {
  switch (outcome.kind) {
    case "ok":
      result.calls.push(outcome.value);
      return;
    case "drop":
      result.dropped[outcome.reason] = (result.dropped[outcome.reason] ?? 0) + 1;
      return;
    case "quarantine": {
      const eventId = event.outcome.kind === "ok" ? event.outcome.value.id : textOf(event.record?.id);
      result.quarantined.push({
        index,
        reason: outcome.reason,
        message: outcome.cause.message,
        ...(event.eventType !== undefined && { eventType: event.eventType }),
        ...(eventId !== undefined && { eventId }),
      });
      return;
    }
    case "retry":
    case "hold":
      throw new Error(`mapping came to "${outcome.kind}", which only other stages can`);
  }
};

const increment = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
