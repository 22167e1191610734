import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import { glossary } from "@currents-relay/transform/core/catalog.ts";

export const masked = "[masked]";

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** What a call, or a line of an entry, says of itself. */
const envelope = wordsOf(`
  type event messageId timestamp reason message eventType eventId
  batch uri blockOffset recordIndex
`);

/** Fields of an event whose values tell of messages and campaigns, and of nobody. */
export const shownFields = wordsOf(`
  id time app_group_id app_id abort_type banner_placement_id button_id card_id catalog_id campaign_id campaign_name
  canvas_id canvas_name canvas_step_id canvas_step_name canvas_entry_id canvas_variation_id canvas_variation_name
  category channel content_card_id content_length conversion_behavior conversion_behavior_index currency device_class
  device_os dispatch_id duration element_type esp exit_reason experiment_split_id experiment_split_name
  experiment_step_id feature_flag_id_name flow_id from_domain http_status_code interaction_type ip_pool link_alias
  link_id mailbox_provider message_variation_id message_variation_name next_step_id platform price product_id
  progression_type provider_error_code recipient_domain retry_count attempt_count send_id state_change_source
  subscription_group_id subscription_status
`);

/** Their properties are their user's own words, whatever the names. */
const withOwnProperties: ReadonlySet<string> = new Set(["users.behaviors.CustomEvent", "users.behaviors.Purchase"]);
const fixedTypes = Object.entries(glossary).filter(([eventType]) => !withOwnProperties.has(eventType));
const fixedTypeNames: ReadonlySet<unknown> = new Set(fixedTypes.map(([eventType]) => eventType));
const fixedEventNames: ReadonlySet<unknown> = new Set(fixedTypes.map(([, { segmentEvent }]) => segmentEvent));
const none: ReadonlySet<string> = new Set();

/**
 * A line of an entry, or a call, without what could tell of a person: every text and number that is not known to be
 * harmless. The names of fields stay, and so do true, false and null.
 */
export const maskPersonal = (value: JsonValue): JsonValue => {
  if (!isObject(value)) return mask(value, none);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, JsonValue] => {
      if (name === "call" || name === "origin") return [name, maskPersonal(member)];
      if (name === "record") return [name, mask(member, fixedTypeNames.has(value["eventType"]) ? shownFields : none)];
      if (name === "properties") return [name, mask(member, fixedEventNames.has(value["event"]) ? shownFields : none)];
      return [name, envelope.has(name) && !isObject(member) ? member : mask(member, none)];
    }),
  );
};

const isObject = (value: JsonValue | undefined): value is Record<string, JsonValue> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const mask = (value: JsonValue, shown: ReadonlySet<string>): JsonValue => {
  if (value === null || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map((item) => mask(item, none));
  if (!isObject(value)) return masked;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, JsonValue] => [
      name,
      shown.has(name) && typeof member !== "object" ? member : mask(member, none),
    ]),
  );
};
