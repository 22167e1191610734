import { describe, expect, it } from "vitest";
import { eventTypeReader } from "./event-type.ts";

const eventTypeOf = eventTypeReader([
  "users.messages.email.Click",
  "users.campaigns.Abort",
  "users.behaviors.app.FirstSession",
]);

describe("the event type of a file", () => {
  it.each([
    ["dataexport.S3.inner.users.messages.email.Click", "users.messages.email.Click"],
    ["dataexport.prod-01.GCS.users.messages.email.Click", "users.messages.email.Click"],
    ["users.messages.email.Click", "users.messages.email.Click"],
    ["users_messages_email_Click", "users.messages.email.Click"],
    ["dataexport.S3.inner.users_messages_email_Click", "users.messages.email.Click"],
    ["users_campaigns_abort", "users.campaigns.Abort"],
    ["users_behaviors_app_first_session", "users.behaviors.app.FirstSession"],
    ["users.messages.email.click", "users.messages.email.Click"],
  ])("is read from the record's name %s in the catalog's spelling", (recordName, expected) => {
    expect(eventTypeOf(recordName, "")).toBe(expected);
  });

  it("that the catalog does not know is the name from `users` on", () => {
    expect(eventTypeOf("dataexport.S3.inner.users.messages.email.Retry", "")).toBe("users.messages.email.Retry");
    expect(eventTypeOf("users_messages_email_Retry", "")).toBe("users.messages.email.Retry");
  });

  it("comes from the schema where the path says otherwise", () => {
    const key = "p/event_type=users.campaigns.Abort/x.avro";
    expect(eventTypeOf("a.users.messages.email.Click", key)).toBe("users.messages.email.Click");
    expect(eventTypeOf("a.users.messages.email.Retry", key)).toBe("users.messages.email.Retry");
  });

  it("comes from the path where the schema does not say, or only in underscores that nobody knows", () => {
    const key = "p/event_type=users.messages.email.Retry/date=2025-04-01-17/x.avro";
    expect(eventTypeOf("com.example.Event", key)).toBe("users.messages.email.Retry");
    expect(eventTypeOf("", key)).toBe("users.messages.email.Retry");
    expect(eventTypeOf("users_messages_email_retry", key)).toBe("users.messages.email.Retry");
    expect(eventTypeOf("", "event_type=users_messages_email_click/x.avro")).toBe("users.messages.email.Click");
  });

  it("is unknown where neither says, also for a name that only has users inside a word", () => {
    expect(eventTypeOf("com.example.superusers.Event", "file.avro")).toBeUndefined();
    expect(eventTypeOf("com.example.users", "my-event_type=x/file.avro")).toBeUndefined();
  });
});
