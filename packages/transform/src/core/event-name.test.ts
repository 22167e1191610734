import { expect, it } from "vitest";
import { nameFromType } from "./event-name.ts";

it.each([
  ["users.messages.email.Retry", "Email Retry"],
  ["users.messages.pushnotification.AndroidForeground", "Push Notification Android Foreground"],
  ["users.messages.inappmessage.Snooze", "In-App Message Snooze"],
  ["users.messages.sms.MMSRetry", "SMS MMS Retry"],
  ["users.messages.line.Read", "LINE Read"],
  ["users.canvas.exit.TimedOut", "Canvas Exit Timed Out"],
  ["users.behaviors.app.SessionPause", "Session Pause"],
  ["users.campaigns.Archive", "Campaign Archive"],
  ["users_messages_email_retry", "Email Retry"],
  ["users.messages.carrierpigeon.Send", "Carrierpigeon Send"],
])("the type %s, if it were new, would be called %s", (eventType, name) => {
  expect(nameFromType(eventType)).toBe(name);
});

it("a type of grouping words alone keeps its own name rather than none", () => {
  expect(nameFromType("users.messages")).toBe("users.messages");
  expect(nameFromType("..")).toBe("..");
});
