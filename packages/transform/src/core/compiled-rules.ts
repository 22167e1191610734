import { alreadyChecked } from "@currents-relay/shared/avro/record-limits.ts";
import { readRecordType, type RecordType } from "@currents-relay/shared/avro/record-type.ts";
import { drop } from "@currents-relay/shared/core/outcome.ts";
import { compileSelection, type Selection } from "@currents-relay/shared/core/selection.ts";
import { compileDirectMapper, type DirectMapper } from "./direct-mapper.ts";
import { compileMapper, type EventMapper } from "./map-event.ts";
import type { ConnectorRules } from "./rules.ts";

/** What reads and maps the records of one schema. */
export interface AvroMappers {
  type: RecordType;
  plain: EventMapper;
  /** Undefined: all of this schema are for the plain mapper. */
  direct: DirectMapper | undefined;
}

/** What one connector's rules come to; made once, used for all of its chunks. */
export interface CompiledRules {
  selected: Selection;
  /** For records that each have fields of their own (JSON). A type that is not selected maps to a drop. */
  mapperOf: (eventType: string) => EventMapper;
  mappersOf: (eventType: string, schema: string) => AvroMappers;
}

/** Braze has some 90 event types; a schema of each may be new while the one before is still there. */
const mostKept = 200;

const compiled = new WeakMap<ConnectorRules, CompiledRules>();

/** Rules never change: a connector with others has another object. Throws on field rules that cannot be used. */
export const compileRules = (rules: ConnectorRules): CompiledRules => {
  const made = compiled.get(rules) ?? makeRules(rules);
  compiled.set(rules, made);
  return made;
};

const makeRules = (rules: ConnectorRules): CompiledRules => {
  const selected = compileSelection(rules.events);
  const mapperOf = keeping((eventType: string): EventMapper =>
    selected(eventType) ? compileMapper({ eventType, rules }) : () => drop("not-selected"),
  );
  const bySchema = keeping((schema: string) => {
    const type = readRecordType(schema, alreadyChecked); // by ingest
    const names = type.fields.map(({ name }) => name);
    return keeping((eventType: string): AvroMappers => ({
      type,
      plain: compileMapper({ eventType, fields: names, rules }),
      direct: compileDirectMapper({ eventType, fields: type.fields, rules }),
    }));
  });
  return { selected, mapperOf, mappersOf: (eventType, schema) => bySchema(schema)(eventType) };
};

/** `make`, and what it made for the last {@link mostKept} keys. */
const keeping = <Made>(make: (key: string) => Made): ((key: string) => Made) => {
  const kept = new Map<string, Made>();
  return (key) => {
    const made = kept.get(key) ?? make(key);
    kept.delete(key); // oldest use first
    kept.set(key, made);
    const [oldest] = kept.size > mostKept ? kept.keys() : [];
    if (oldest !== undefined) kept.delete(oldest);
    return made;
  };
};
