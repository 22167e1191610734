import { outageReading } from "@currents-relay/shared/stage/gauges-outage.ts";
import { expect, test } from "vitest";
import type { OutageEvent } from "../core/outage-event.ts";
import { holdReasonOf, openOutage } from "../core/outage-state.ts";
import { outagesIn } from "./redis-outage.ts";

/** The gauges of every stage read what only deliver writes: this is where both are seen. */

const keyFingerprint = "k";
const story: readonly OutageEvent[] = [
  { kind: "keyChanged", keyFingerprint, atMs: 1 },
  { kind: "probe", result: "known", keyFingerprint, atMs: 2 },
  { kind: "refused", reason: "unauthorized", keyFingerprint, atMs: 3 },
  { kind: "operatorHold", atMs: 4 },
  { kind: "operatorResume", atMs: 5 },
  { kind: "probe", result: "known", keyFingerprint, atMs: 6 },
  { kind: "trialTaken", forMs: 10, keyFingerprint, atMs: 7 },
  { kind: "delivered", keyFingerprint, atMs: 8 },
  { kind: "drained", atMs: 9 },
  { kind: "probe", result: "unknown", keyFingerprint, atMs: 10 },
];

test("what the gauges read is what the outage is, all along the way of one", async () => {
  let text: string | undefined;
  const outages = outagesIn({
    read: async () => text,
    swap: async (_, after) => {
      text = after;
      return true;
    },
  });
  const states = new Set<string>();
  for (const event of story) {
    const { state } = await outages.report(event);
    states.add(state.kind);
    expect(outageReading(text), event.kind).toEqual({
      state: state.kind,
      openedMs: openOutage(state)?.openedMs,
      reason: holdReasonOf(state),
      lastVerifiedMs: state.lastVerifiedMs,
    });
  }
  expect(states).toEqual(new Set(["unverified", "flowing", "holding", "replaying"]));
});
