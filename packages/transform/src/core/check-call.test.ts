import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { expect, it } from "vitest";
import { newPage } from "@currents-relay/shared/core/pages.ts";
import { CallWriter } from "./call-writer.ts";
import { checkCall } from "./check-call.ts";

const aCall = (text: string): TrackCall => ({
  type: "track",
  messageId: "e1",
  event: "Email Sent",
  anonymousId: "b1",
  timestamp: "2025-10-09T08:53:20.000Z",
  properties: { text },
  context: {},
});
const check = (call: TrackCall) => checkCall(new CallWriter(64 * 1024, newPage).whole(JSON.stringify(call)));
const emptyBytes = JSON.stringify(aCall("")).length;

it("a call of exactly 32 KB passes, one byte more is quarantined", () => {
  const passing = check(aCall("x".repeat(32 * 1024 - emptyBytes)));
  expect(passing).toMatchObject({ kind: "ok", value: { start: 0, end: 32_768 } });
  expect(check(aCall("x".repeat(32 * 1024 - emptyBytes + 1)))).toMatchObject({
    kind: "quarantine",
    reason: "call-too-large",
  });
});

it("bytes are counted in UTF-8, not in characters", () => {
  const outcome = check(aCall("é😀"));
  expect(outcome).toMatchObject({ kind: "ok", value: { start: 0, end: emptyBytes + 6 } });
  expect(check(aCall("é".repeat(16_400)))).toMatchObject({ reason: "call-too-large" });
});
