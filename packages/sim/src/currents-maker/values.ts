import type { AvroValue } from "@currents-relay/shared/contracts/event.ts";
import type { Field } from "./catalog.ts";
import type { Random } from "./random.ts";
import type { Campaign, Canvas, Link, Named, Send, Step, User, World } from "./world.ts";

/** What one event is about; its fields are drawn from it. */
export interface Subject {
  random: Random;
  world: World;
  user: User;
  /** Without external_user_id. */
  anonymous: boolean;
  /** A message is sent by a campaign or by a step of a canvas: the other's optional fields are null. */
  sender: "campaign" | "canvas";
  campaign: Campaign;
  canvas: Canvas;
  /** Of the sender. */
  variation: Named;
  link: Link;
  /** Of the campaign. */
  send: Send;
  /** Of the canvas. */
  step: Step;
  timeSeconds: number;
}

export type MakeValue = (subject: Subject) => AvroValue;

/** `null` for a field of the other kind of sender. */
const byCampaign =
  (make: MakeValue): MakeValue =>
  (subject) =>
    subject.sender === "campaign" ? make(subject) : null;
const byCanvas =
  (make: MakeValue): MakeValue =>
  (subject) =>
    subject.sender === "canvas" ? make(subject) : null;

const uuid: MakeValue = ({ random }) => random.uuid();
const constant =
  (value: AvroValue): MakeValue =>
  () =>
    value;
const oneOf =
  (...values: [AvroValue, ...AvroValue[]]): MakeValue =>
  ({ random }) =>
    random.pick(values);

const extras: MakeValue = ({ random }) =>
  JSON.stringify({ segment: random.pick(["a", "b", "c"]), score: random.below(100) });
const customProperties: MakeValue = ({ random }) =>
  JSON.stringify({
    plan: random.pick(["free", "plus", "pro"]),
    seats: 1 + random.below(20),
    trial: random.chance(0.3),
  });

const people: Record<string, MakeValue> = {
  user_id: ({ user }) => user.userId,
  external_user_id: ({ user, anonymous }) => (anonymous ? null : user.externalUserId),
  email_address: ({ user }) => user.email,
  phone_number: ({ user }) => user.phone,
  to_phone_number: ({ user }) => user.phone,
  user_phone_number: ({ user }) => user.phone,
  from_phone_number: constant("+15550100000"),
  inbound_phone_number: constant("+15550100001"),
  timezone: ({ user }) => user.timezone,
  country: ({ user }) => user.country,
  language: ({ user }) => user.language,
  gender: oneOf("F", "M", "O"),
  device_id: ({ user }) => user.deviceId,
  device_model: ({ user }) => user.device.model,
  device_os: ({ user }) => user.device.os,
  device_class: ({ user }) => (user.device.platform === "web" ? "desktop" : "mobile"),
  os_version: ({ user }) => user.device.osVersion,
  platform: ({ user }) => user.device.platform,
  browser: ({ user }) => user.device.browser,
  user_agent: ({ user }) => user.device.userAgent,
  resolution: ({ user }) => user.device.resolution,
  locale: ({ user }) => `${user.language}_${user.country}`,
};

/** Steps of a canvas are triggered, whatever they wait for. */
const isScheduled = ({ sender, campaign }: Subject): boolean => sender === "campaign" && !campaign.isTriggered;

const senders: Record<string, MakeValue> = {
  app_group_id: ({ world }) => world.appGroupId,
  app_id: ({ world, random }) => random.pick(world.appIds),
  campaign_id: byCampaign(({ campaign }) => campaign.id),
  campaign_name: byCampaign(({ campaign }) => campaign.name),
  message_variation_id: byCampaign(({ variation }) => variation.id),
  message_variation_name: byCampaign(({ variation }) => variation.name),
  canvas_id: byCanvas(({ canvas }) => canvas.id),
  canvas_name: byCanvas(({ canvas }) => canvas.name),
  canvas_variation_id: byCanvas(({ variation }) => variation.id),
  canvas_variation_name: byCanvas(({ variation }) => variation.name),
  canvas_step_id: byCanvas(({ step }) => step.id),
  canvas_step_name: byCanvas(({ step }) => step.name),
  canvas_step_message_variation_id: byCanvas(({ step }) => step.messageVariationId),
  send_id: byCampaign(({ send }) => send.sendId),
  dispatch_id: (subject) => (isScheduled(subject) ? subject.send.dispatchId : subject.random.hex(32)),
};

const message: Record<string, MakeValue> = {
  url: ({ link }) => link.url,
  link_id: ({ link }) => link.id,
  link_alias: ({ link }) => link.alias,
  short_url: ({ random }) => `https://brz.example/${random.hex(7)}`,
  esp: ({ world }) => world.esp,
  from_domain: constant("news.shop.example"),
  recipient_domain: constant("mail.example"),
  ip_pool: (subject) => (isScheduled(subject) ? "marketing" : "transactional"),
  sending_ip: ({ world, random }) => random.pick(world.sendingIps),
  mailbox_provider: ({ user }) => user.mailboxProvider,
  is_amp: ({ random }) => random.chance(0.03),
  is_suspected_bot_click: ({ random }) => random.chance(0.03),
  suspected_bot_click_reason: ({ random }) => (random.chance(0.03) ? ["user_agent", "too_fast"] : null),
  media_urls: ({ random }) => [`https://media.example/${random.hex(8)}.jpg`, null],
  message_extras: extras,
  link_position: ({ link }) => link.position,
  template_id: ({ campaign }) => campaign.id,
  is_preview: constant(false),
};

const behaviour: Record<string, MakeValue> = {
  name: oneOf("Signed Up", "Trial Started", "article_read", "Plan changed"),
  properties: customProperties,
  product_id: ({ random }) => `SKU-${random.below(9_000) + 1_000}`,
  price: ({ random }) => 1 + random.below(20_000) / 4, // quarters are exact as 32-bit floats
  currency: oneOf("USD", "EUR", "JPY"),
  latitude: ({ random }) => random.below(720) / 4 - 90,
  longitude: ({ random }) => random.below(1_440) / 4 - 180,
  session_id: uuid,
  subscription_status: oneOf("Subscribed", "Unsubscribed", "OptedIn"),
  source: oneOf("organic", "ads", "partner"),
  flow_response_json: extras,
  sequence_number: ({ random }) => 9_007_199_254_740_993n + BigInt(random.below(1_000_000)),
};

const byName = new Map<string, MakeValue>(Object.entries({ ...people, ...senders, ...message, ...behaviour }));

/** A value of the right type for a field that has no maker of its own. */
const byType = ({ name, type }: Field): MakeValue => {
  switch (type) {
    case "boolean":
      return ({ random }) => random.chance(0.5);
    case "int":
      return ({ random }) => random.below(10_000);
    case "long":
      return ({ timeSeconds }) => timeSeconds * 1000;
    case "float":
      return ({ random }) => random.below(4_000) / 4;
    case "array of string":
      return ({ random }) => [random.hex(6), random.hex(6)];
    case "string":
      return name.endsWith("_id") ? uuid : ({ random }) => `${name.replaceAll("_", " ")} ${random.hex(6)}`;
  }
};

/** Fields that never become null by chance: the identity of an event is what tests count by. */
const alwaysSet = new Set(["id", "user_id", "external_user_id", "time"]);

/** The maker of one field's values; an optional field is null with the share `nullShare`. Never null where required. */
export const valueMaker = (field: Field, nullShare: number): MakeValue => {
  const { name, optional } = field;
  if (name === "id") return uuid;
  if (name === "time") return ({ timeSeconds }) => timeSeconds;
  const make = byName.get(name) ?? byType(field);
  if (!optional) {
    const otherwise = byType(field);
    return (subject) => make(subject) ?? otherwise(subject);
  }
  if (alwaysSet.has(name) || nullShare === 0) return make;
  return (subject) => (subject.random.chance(nullShare) ? null : make(subject));
};
