import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import type { Chunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { DropReason, QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import { drop, ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { compileSelection, type Selection } from "@currents-relay/shared/core/selection.ts";
import { serialiseCall, type SerialisedCall } from "./check-call.ts";
import { decodeChunk, type DecodedEvent } from "./decode-chunk.ts";
import { compileMapper, type EventMapper } from "./map-event.ts";
import { textOf } from "./identity.ts";
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
 * chunk and on field rules that cannot be used.
 */
export const mapChunk = (chunk: Chunk, rules: ConnectorRules): MappedChunk => {
  const { content, records } = chunk.header;
  const result: MappedChunk = { calls: [], dropped: {}, quarantined: [], unknownTypes: new Map() };
  const selected = compileSelection(rules.events);
  if (content.encoding === "avro" && !selected(content.eventType)) {
    result.dropped["not-selected"] = records;
    return result;
  }

  const { events, fields } = decodeChunk(chunk);
  const mapperFor = mappersByType(rules, selected, fields);
  const seenIds = new Set<string>();
  for (const [index, decoded] of events.entries()) {
    const mapped = andThen(decoded, ({ eventType, record }) => mapperFor(eventType)(record));
    if (decoded.kind === "ok" && mapped.kind === "ok" && mapped.value.unknownType)
      increment(result.unknownTypes, decoded.value.eventType);
    const ready = andThen(mapped, ({ call, id }) => readyCall(call, { id, index }, seenIds));
    settle(result, ready, { index, event: decoded.kind === "ok" ? decoded.value : undefined });
  }
  return result;
};

const andThen = <A, B>(outcome: Outcome<A>, next: (value: A) => Outcome<B>): Outcome<B> =>
  outcome.kind === "ok" ? next(outcome.value) : outcome;

/** One mapper for each event type, made when the type is first met; a type that is not selected maps to a drop. */
const mappersByType = (
  rules: ConnectorRules,
  selected: Selection,
  fields: readonly string[] | undefined,
): ((eventType: string) => EventMapper) => {
  const mappers = new Map<string, EventMapper>();
  const compile = (eventType: string): EventMapper =>
    selected(eventType) ? compileMapper({ eventType, rules, ...(fields && { fields }) }) : () => drop("not-selected");
  return (eventType) => {
    const mapper = mappers.get(eventType) ?? compile(eventType);
    mappers.set(eventType, mapper);
    return mapper;
  };
};

/** Only a call that will go out makes a later one with its id a duplicate. */
const readyCall = (
  call: TrackCall,
  { id, index }: { id: string; index: number },
  seenIds: Set<string>,
): Outcome<ReadyCall> => {
  if (seenIds.has(id)) return drop("duplicate");
  return andThen(serialiseCall(call), ({ json, bytes }) => {
    seenIds.add(id);
    return ok({ id, index, json, bytes });
  });
};

const settle = (
  result: MappedChunk,
  outcome: Outcome<ReadyCall>,
  { index, event }: { index: number; event: DecodedEvent | undefined },
): void => {
  switch (outcome.kind) {
    case "ok":
      result.calls.push(outcome.value);
      return;
    case "drop":
      result.dropped[outcome.reason] = (result.dropped[outcome.reason] ?? 0) + 1;
      return;
    case "quarantine": {
      const eventId = textOf(event?.record.id);
      result.quarantined.push({
        index,
        reason: outcome.reason,
        message: outcome.cause.message,
        ...(event && { eventType: event.eventType }),
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
