/** Where the value of one storage field goes in the track call. */
export type Target =
  | { kind: "property"; name: string }
  | { kind: "context"; group: string; name: string } // context[group][name]
  | { kind: "merge" } // the members of this JSON object become properties
  | { kind: "none" }; // Braze's connector does not pass it on

export const property = (name: string): Target => ({ kind: "property", name });
export const context = (group: string, name: string): Target => ({ kind: "context", group, name });
export const none: Target = { kind: "none" };

/** Read by name (identity.ts, timestamp.ts), for every type: they are the call itself rather than a part of it. */
export const envelopeFields: ReadonlySet<string> = new Set(["id", "user_id", "external_user_id", "time"]);

const contextFields: ReadonlyMap<string, Target> = new Map([
  ["email_address", context("traits", "email")],
  ["to_phone_number", context("traits", "phone")],
  ["user_phone_number", context("traits", "phone")],
  ["device_model", context("device", "model")],
  ["platform", context("device", "type")],
]);

const renamedProperties: ReadonlyMap<string, string> = new Map([["content_card_id", "card_id"]]);

const notPassedOn: ReadonlySet<string> = new Set([
  "timezone",
  "canvas_step_message_variation_id",
  "os_version",
  "sdk_version",
  "country",
  "gender",
  "language",
  "carrier",
  "resolution",
  "sending_ip",
  // Not Braze's but ours: as a key it would change the prototype of whatever object it is written to.
  "__proto__",
]);

const bannerTypes = "users.messages.banner.";

/**
 * The general rules: where Braze's connector puts a field, by its name alone. They hold for event types that are not
 * in the catalog, and for the fields that a schema gained since the catalog was read. Source: the regularities of
 * Braze's event glossary; the catalog names the exceptions (catalog.test.ts lists them all).
 */
export const generalTarget = (eventType: string, field: string): Target => {
  if (envelopeFields.has(field) || notPassedOn.has(field) || field.endsWith("_api_id")) return none;
  if (field === "platform" && eventType.startsWith(bannerTypes)) return none;
  return contextFields.get(field) ?? property(renamedProperties.get(field) ?? field.toWellFormed());
};
