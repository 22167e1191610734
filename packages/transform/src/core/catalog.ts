import data from "./catalog.json" with { type: "json" };
import { context, generalTarget, none, property, type Target } from "./field-target.ts";

/** How the track call of an event type gets its name. */
export type Naming =
  { kind: "fixed"; name: string } | { kind: "from-record"; field: string } | { kind: "not-exported" }; // Braze never sends this type to Segment

export interface CatalogEntry {
  naming: Naming;
  /** Storage field -> where the glossary puts it. A field that is not here goes by the general rules. */
  targets: ReadonlyMap<string, Target>;
}

/** One event type of catalog.json, as Braze's glossary gives it. */
interface GlossaryEntry {
  /** null: never exported, or (CustomEvent) named by the record itself. */
  segmentEvent: string | null;
  /** The storage record: name -> type, "?" for optional, "pii" for personal data. */
  fields: Readonly<Record<string, string>>;
  /** Segment property -> storage field; null: documented, but only the Custom HTTP connector carries it. */
  properties: Readonly<Record<string, string | null>>;
  /** Dotted path under `context` -> storage field. */
  context: Readonly<Record<string, string | null>>;
  /** Storage fields that Braze's connector does not pass on. */
  notExported: readonly string[];
}

const customEvent = "users.behaviors.CustomEvent";
/** Their `properties` field is a JSON object; its members are properties of the call. */
const carriersOfProperties: ReadonlySet<string> = new Set([customEvent, "users.behaviors.Purchase"]);

/** Types of Braze's older lists: the glossary gives no fields for them any more, so the general rules do. */
const olderNames: Readonly<Record<string, string>> = {
  "users.behaviors.app.NewsFeedImpression": "News Feed Viewed",
  "users.campaigns.Abort": "Campaign Aborted",
  "users.canvas.Abort": "Canvas Aborted",
  "users.messages.newsfeedcard.Abort": "News Feed Card Aborted",
  "users.messages.newsfeedcard.Click": "News Feed Card Clicked",
  "users.messages.newsfeedcard.Impression": "News Feed Card Viewed",
};
/** Spellings of the same types in Braze's lists of table names. */
const olderSpellings: Readonly<Record<string, string>> = {
  users_campaigns_abort: "Campaign Aborted",
  users_canvas_abort: "Canvas Aborted",
};

const namingOf = (eventType: string, segmentEvent: string | null): Naming => {
  if (segmentEvent !== null) return { kind: "fixed", name: segmentEvent };
  return eventType === customEvent ? { kind: "from-record", field: "name" } : { kind: "not-exported" };
};

const contextTarget = (path: string): Target => {
  const [group, name] = path.split(".");
  if (group === undefined || name === undefined) throw new Error(`catalog.json: the context path "${path}" has no dot`);
  return context(group, name);
};

const targetsOf = (eventType: string, entry: GlossaryEntry): Map<string, Target> => {
  const targets = new Map<string, Target>(entry.notExported.map((field) => [field, none]));
  for (const [name, field] of Object.entries(entry.properties)) targets.set(field ?? name, property(name));
  for (const [path, field] of Object.entries(entry.context))
    if (field !== null) targets.set(field, contextTarget(path));
  if (carriersOfProperties.has(eventType)) targets.set("properties", { kind: "merge" });
  return targets;
};

/** What catalog.json says, typed: 81 event types by name. */
export const glossary: Readonly<Record<string, GlossaryEntry>> = data.events;

const entries: ReadonlyMap<string, CatalogEntry> = new Map<string, CatalogEntry>([
  ...Object.entries(glossary).map(([eventType, entry]): [string, CatalogEntry] => [
    eventType,
    { naming: namingOf(eventType, entry.segmentEvent), targets: targetsOf(eventType, entry) },
  ]),
  ...Object.entries({ ...olderNames, ...olderSpellings }).map(([eventType, name]): [string, CatalogEntry] => [
    eventType,
    { naming: { kind: "fixed", name }, targets: new Map() },
  ]),
]);

/** Every event type that has a name of its own here, the one that is never exported included. */
export const knownEventTypes: readonly string[] = [...entries.keys()];

/** undefined: an event type that Braze's lists did not have when they were read. */
export const catalogEntry = (eventType: string): CatalogEntry | undefined => entries.get(eventType);

/** Where a field of an event goes: by the catalog, else by the general rules. */
export const targetOf = (eventType: string, field: string): Target =>
  entries.get(eventType)?.targets.get(field) ?? generalTarget(eventType, field);
