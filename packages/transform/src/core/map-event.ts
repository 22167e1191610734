import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { drop, ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { compileStep, fillParts, inOrderOfStrength, type CallParts, type Step } from "./call-parts.ts";
import { catalogEntry } from "./catalog.ts";
import { nameFromType } from "./event-name.ts";
import { compileFieldRules, type FieldTransform } from "./field-rules.ts";
import { compileIdentity, textOf, type Identity } from "./identity.ts";
import type { ConnectorRules } from "./rules.ts";
import { timestampOf } from "./timestamp.ts";

export interface MappedCall<Call = TrackCall> {
  call: Call;
  /** The event's id: what dedup knows it by. */
  id: string;
  /** The event type is not in the catalog; the general rules mapped it. */
  unknownType: boolean;
}

export type EventMapper = (record: EventRecord) => Outcome<MappedCall>;

export interface MapperInput {
  eventType: string;
  /** The fields that every record has (an Avro schema's); left out: each record has fields of its own (JSON). */
  fields?: readonly string[];
  rules: ConnectorRules;
}

/**
 * Settles everything that does not depend on the record, and returns the function that maps one event of this type
 * to its Segment call as Braze's own connector would. The mapper never throws. It quarantines a record without id,
 * user_id, date or (custom event) name, and drops what {@link compileIdentity} drops and types never exported.
 * Throws on field rules that field-rules.ts refuses.
 */
export const compileMapper = ({ eventType, fields, rules }: MapperInput): EventMapper => {
  const entry = catalogEntry(eventType);
  if (entry?.naming.kind === "not-exported") return () => drop("not-exported");

  const transforms = compileFieldRules(rules.fields);
  const identityOf = compileIdentity(rules, transforms);
  const nameOf = compileName(eventType, rules, transforms);
  const stepsFor = compileSteps(eventType, fields, transforms);
  const unknownType = entry === undefined;

  return (record) => {
    const identity = identityOf(record);
    if (identity.kind !== "ok") return identity;
    const timestamp = timestampOf(record.time);
    if (timestamp === undefined) return quarantine("invalid-time", new Error("the record's time is no date"));
    const event = nameOf(record);
    if (event === undefined) return quarantine("missing-name", new Error("the custom event has no name"));

    const parts: CallParts = { properties: {}, context: {} };
    const tooDeep = fillParts(stepsFor(record), record, parts);
    if (tooDeep !== undefined) return quarantine("bad-record", new Error(`the field "${tooDeep}" is nested too deep`));
    return ok({ call: trackCall(identity.value, event, timestamp, parts), id: identity.value.id, unknownType });
  };
};

/** Two literals rather than one with a spread: this runs for every event. */
const trackCall = (identity: Identity, event: string, timestamp: string, parts: CallParts): TrackCall => {
  const { messageId, userId, anonymousId } = identity;
  return userId === undefined
    ? { type: "track", messageId, event, anonymousId, timestamp, ...parts }
    : { type: "track", messageId, event, userId, anonymousId, timestamp, ...parts };
};

/** The name of every call of the type; undefined where the record gives it, or the type is never exported. */
export const fixedName = (
  eventType: string,
  { eventNames }: Pick<ConnectorRules, "eventNames">,
): { text: string; isUnknownType: boolean } | undefined => {
  const naming = catalogEntry(eventType)?.naming;
  if (naming?.kind === "not-exported") return undefined;
  const isUnknownType = naming === undefined;
  const renamed = Object.hasOwn(eventNames, eventType) ? eventNames[eventType] : undefined;
  if (renamed !== undefined) return { text: renamed, isUnknownType };
  if (naming?.kind === "from-record") return undefined;
  return { text: naming?.name ?? nameFromType(eventType).toWellFormed(), isUnknownType };
};

/** The connector's own name for the type, else the catalog's, else one made from the type. */
const compileName = (
  eventType: string,
  rules: ConnectorRules,
  transforms: ReadonlyMap<string, FieldTransform>,
): ((record: EventRecord) => string | undefined) => {
  const fixed = fixedName(eventType, rules);
  if (fixed) return () => fixed.text;
  const naming = catalogEntry(eventType)?.naming;
  if (naming?.kind !== "from-record") return () => undefined; // never exported, and so never asked
  const transform = transforms.get(naming.field) ?? ((text: string) => text);
  return (record) => {
    const name = textOf(record[naming.field]);
    return name === undefined ? undefined : transform(name);
  };
};

/** Of the fields of JSON events; what comes after these is compiled each time, as a sender may make up names without end. */
const mostRemembered = 2_000;

const compileSteps = (
  eventType: string,
  fields: readonly string[] | undefined,
  transforms: ReadonlyMap<string, FieldTransform>,
): ((record: EventRecord) => readonly Step[]) => {
  if (fields !== undefined) {
    const steps = inOrderOfStrength(fields.map((field) => compileStep(eventType, field, transforms)));
    return () => steps;
  }
  const met = new Map<string, Step | undefined>();
  const stepFor = (field: string): Step | undefined => {
    if (met.has(field)) return met.get(field);
    const step = compileStep(eventType, field, transforms);
    if (met.size < mostRemembered) met.set(field, step);
    return step;
  };
  return (record) => inOrderOfStrength(Object.keys(record).map(stepFor));
};
