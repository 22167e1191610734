import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { glossary } from "../catalog.ts";
import type { ConnectorRules } from "../rules.ts";

export const emailClick = "users.messages.email.Click";
export const customEvent = "users.behaviors.CustomEvent";

/** 2025-10-09T08:53:20.000Z */
export const timeSeconds = 1_760_000_000;

const ownValues: EventRecord = {
  id: "11111111-2222-4333-8444-555555555555",
  user_id: "the braze user",
  external_user_id: "the user",
  time: timeSeconds,
  properties:
    '{"colour":"red","sizes":[38,null,40],"maker":{"name":"Acme","since":null},"app_id":"not the app","nothing":null}',
};

const valueOfType = (field: string, type: string): AvroValue => {
  switch (type.replace(/\?? ?(pii)?$/, "")) {
    case "int":
      return field.length;
    case "long":
      return 1_760_000_000_123;
    case "float":
      return field.length + 0.25;
    case "boolean":
      return true;
    case "array of string":
      return [`first of ${field}`, null, `third of ${field}`];
    default:
      return `some ${field}`;
  }
};

/** A record of a catalog type with every field of its storage schema set, each to a value that tells its field. */
export const aFullRecord = (eventType: string, change: EventRecord = {}): EventRecord => {
  const fields = Object.entries(glossary[eventType]?.fields ?? {});
  const values = fields.map(([field, type]) => [field, ownValues[field] ?? valueOfType(field, type)]);
  return { ...Object.fromEntries(values), ...change };
};

/** The same record with null in every field that may be null: an anonymous user's. */
export const aSparseRecord = (eventType: string): EventRecord => {
  const types = glossary[eventType]?.fields ?? {};
  const values = Object.entries(aFullRecord(eventType));
  return Object.fromEntries(values.map(([field, value]) => [field, types[field]?.includes("?") ? null : value]));
};

/** A record as a type that is not in the catalog may have it: fields of each of the general rules. */
export const aGeneralRecord = (change: EventRecord = {}): EventRecord => ({
  id: "11111111-2222-4333-8444-555555555555",
  user_id: "the braze user",
  external_user_id: "the user",
  time: timeSeconds,
  app_group_id: "some app_group_id",
  campaign_id: "some campaign_id",
  campaign_api_id: "some campaign_api_id",
  content_card_id: "some content_card_id",
  device_model: "some device_model",
  email_address: "some email_address",
  platform: "some platform",
  timezone: "some timezone",
  to_phone_number: "some to_phone_number",
  abort_log: null,
  retry_count: 3,
  ...change,
});

export const someRules = (change: Partial<ConnectorRules> = {}): ConnectorRules => ({
  connector: "engagement",
  fields: { remove: [], hash: [] },
  eventNames: {},
  anonymousUsers: false,
  ...change,
});
