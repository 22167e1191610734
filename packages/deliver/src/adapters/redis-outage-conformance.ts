import { expect, it } from "vitest";
import type { Effect, OutageEvent } from "../core/outage-event.ts";
import { firstOutageState, maySend, openOutage, type RefusedReason } from "../core/outage-state.ts";
import { step } from "../core/outage.ts";
import type { Outages } from "./redis-outage.ts";

export const key = "key-1";
export const keyChanged: OutageEvent = { kind: "keyChanged", keyFingerprint: key, atMs: 1 };
export const known = (atMs: number): OutageEvent => ({ kind: "probe", result: "known", keyFingerprint: key, atMs });
export const unknown = (atMs: number): OutageEvent => ({ kind: "probe", result: "unknown", keyFingerprint: key, atMs });
export const refused = (atMs: number, reason: RefusedReason = "unauthorized"): OutageEvent => ({
  kind: "refused",
  reason,
  keyFingerprint: key,
  atMs,
});
export const trialTaken = (atMs: number): OutageEvent => ({
  kind: "trialTaken",
  forMs: 60_000,
  keyFingerprint: key,
  atMs,
});

/** What every pod reports in the interleavings: something of everything, the same from each. */
const story: readonly OutageEvent[] = [
  known(10),
  refused(20),
  { kind: "tick", oldestHeldMs: 20, expiryAfterMs: 100, atMs: 75 },
  known(80),
  trialTaken(81),
  { kind: "delivered", keyFingerprint: key, atMs: 82 },
  { kind: "drained", atMs: 83 },
  unknown(90),
  known(95),
  { kind: "operatorHold", atMs: 96 },
  { kind: "operatorResume", atMs: 97 },
  { kind: "drained", atMs: 98 },
];

const count = (effects: readonly Effect[], wanted: Effect) => effects.filter((effect) => effect === wanted).length;

/** What {@link Outages} promises, whatever it is kept in. `open` gives so many pods of one fresh workspace. */
export const outagesConformance = (open: (pods: number) => Outages[]): void => {
  it("begins unverified", async () => {
    const [pod] = open(1);
    expect(await pod!.read()).toEqual(firstOutageState);
  });

  it("gives every pod what one of them reported, with all its facts", async () => {
    const [one, other] = open(2);
    const events = [keyChanged, known(10), unknown(20)];
    let expected = firstOutageState;
    for (const event of events) {
      expected = step(expected, event).state;
      expect((await one!.report(event)).state).toEqual(expected);
    }
    expect(await other!.read()).toEqual(expected);
  });

  it("gives the effects of a refusal that many pods meet at once to one of them", async () => {
    const pods = open(8);
    await pods[0]!.report(keyChanged);
    await pods[0]!.report(known(10));
    const steps = await Promise.all(pods.map((pod) => pod.report(refused(20))));
    expect(steps.flatMap(({ effects }) => effects)).toEqual(["tellOpened"]);
    for (const { state } of steps) expect(state.kind).toBe("holding");
  });

  it("grants a trial to one of many pods", async () => {
    const pods = open(8);
    for (const event of [keyChanged, known(10), refused(20), known(30)]) await pods[0]!.report(event);
    const steps = await Promise.all(pods.map((pod, index) => pod.report(trialTaken(40 + index))));
    expect(steps.flatMap(({ effects }) => effects)).toEqual(["sendTrial"]);
  });

  it("loses no report and doubles no effect when pods tell the same story at once", async () => {
    const pods = open(4);
    await pods[0]!.report(keyChanged);
    const told = await Promise.all(
      pods.map(async (pod) => {
        const effects: Effect[] = [];
        for (const event of story) effects.push(...(await pod.report(event)).effects);
        return effects;
      }),
    );
    const effects = told.flat();
    const state = await pods[0]!.read();
    expect(count(effects, "tellOpened")).toBeGreaterThan(0);
    expect(count(effects, "tellOpened") - count(effects, "tellClosed")).toBe(openOutage(state) ? 1 : 0);
    expect(state.untold).toHaveLength(effects.filter((effect) => effect.startsWith("tell")).length);
    if (maySend(state, key) !== "no") expect(state.lastVerifiedMs).toBeDefined();
  });
};
