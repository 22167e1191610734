/** Words of Braze's type names that group events and say nothing in a call's name. */
const groupingWords: ReadonlySet<string> = new Set(["users", "messages", "behaviors", "app"]);

/** Channels and objects as Braze's own event names write them. */
const namedWords: ReadonlyMap<string, string> = new Map([
  ["email", "Email"],
  ["sms", "SMS"],
  ["pushnotification", "Push Notification"],
  ["inappmessage", "In-App Message"],
  ["contentcard", "Content Card"],
  ["newsfeedcard", "News Feed Card"],
  ["whatsapp", "WhatsApp"],
  ["line", "LINE"],
  ["rcs", "RCS"],
  ["webhook", "Webhook"],
  ["banner", "Banner"],
  ["featureflag", "Feature Flag"],
  ["liveactivity", "Live Activity"],
  ["canvas", "Canvas"],
  ["canvasstep", "Canvas Step"],
  ["experimentstep", "Experiment Step"],
  ["campaigns", "Campaign"],
  ["subscription", "Subscription"],
  ["subscriptiongroup", "Subscription Group"],
]);

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** "IosForeground" -> "Ios Foreground", "SMSRetry" -> "SMS Retry". */
const spaced = (part: string): string =>
  part
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(" ")
    .map(capitalised)
    .join(" ");

/**
 * A call's event name for a type that the catalog does not have, in the style of Braze's names but without guessing
 * a past tense: "users.messages.email.Retry" -> "Email Retry". Never empty for a type that is not.
 */
export const nameFromType = (eventType: string): string => {
  const parts = eventType.split(/[._]/).filter((part) => part !== "" && !groupingWords.has(part));
  return parts.map((part) => namedWords.get(part) ?? spaced(part)).join(" ") || eventType;
};
