import { describe, expect, it } from "vitest";
import { glossary, knownEventTypes, targetOf } from "./catalog.ts";
import { generalTarget } from "./field-target.ts";

/** Where the glossary and the general rules do not agree: event type + field. The catalog decides for these. */
const exceptions = [
  "users.behaviors.CustomEvent properties",
  "users.behaviors.Purchase properties",
  "users.behaviors.pushnotification.TokenStateChange platform",
  "users.behaviors.subscriptiongroup.StateChange phone_number",
  "users.messages.email.Click url",
  "users.messages.inappmessage.Abort browser",
  "users.messages.inappmessage.Abort version",
  "users.messages.line.Click url",
  "users.messages.pushnotification.Abort platform",
  "users.messages.pushnotification.Bounce platform",
  "users.messages.pushnotification.IosForeground push_token",
  "users.messages.pushnotification.Open button_action_type",
  "users.messages.pushnotification.Open button_string",
  "users.messages.pushnotification.Send platform",
  "users.messages.rcs.Click url",
  "users.messages.whatsapp.Click url",
];

describe("the catalog", () => {
  it("agrees with the general rules, but for the exceptions listed here", () => {
    const differing = Object.entries(glossary)
      .filter(([eventType]) => eventType !== "users.RandomBucketNumberUpdate")
      .flatMap(([eventType, { fields }]) =>
        Object.keys(fields)
          .filter(
            (field) =>
              !Object.is(JSON.stringify(targetOf(eventType, field)), JSON.stringify(generalTarget(eventType, field))),
          )
          .map((field) => `${eventType} ${field}`),
      );
    expect(differing.toSorted()).toEqual(exceptions.toSorted());
  });

  it("passes on a field that only the Custom HTTP connector carries, under its own name", () => {
    expect(glossary["users.messages.email.Send"]?.properties["esp"]).toBeNull();
    expect(targetOf("users.messages.email.Send", "esp")).toEqual({ kind: "property", name: "esp" });
  });

  it("sends a field that a schema gained later by the general rules", () => {
    expect(targetOf("users.messages.email.Click", "brand_new")).toEqual({ kind: "property", name: "brand_new" });
    expect(targetOf("users.messages.email.Click", "campaign_api_id")).toEqual({ kind: "none" });
    expect(targetOf("users.messages.email.Send", "to_phone_number")).toMatchObject({ group: "traits", name: "phone" });
    expect(targetOf("users.messages.banner.Click", "platform")).toEqual({ kind: "none" });
  });

  it("knows the types of Braze's older lists too, and is not confused by names that every object has", () => {
    expect(knownEventTypes).toContain("users.messages.newsfeedcard.Click");
    expect(knownEventTypes).toContain("users_canvas_abort");
    expect(knownEventTypes).not.toContain("constructor");
    expect(targetOf("constructor", "campaign_id")).toEqual({ kind: "property", name: "campaign_id" });
  });
});
