import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { describe, expect, test } from "vitest";
import { firstOutageState, type OutageState } from "../core/outage-state.ts";
import type { OutageEvent } from "../core/outage-event.ts";
import { step } from "../core/outage.ts";
import { suspecting } from "./suspecting.ts";

const key = { keyFingerprint: "key" };
const known = (atMs: number): OutageEvent => ({ kind: "probe", result: "known", atMs, ...key });
const unknown = (atMs: number): OutageEvent => ({ kind: "probe", result: "unknown", atMs, ...key });
const after = (...events: OutageEvent[]): OutageState =>
  events.reduce((state, event) => step(state, event).state, firstOutageState);
const flowing: OutageEvent[] = [{ kind: "keyChanged", atMs: 0, ...key }, known(1_000)];

/** What the accepted batches are told, in order; `suspects` are counted by the next bad word. */
const aDoubt = (suspects = { events: 0, unkept: 0 }) => {
  const told: string[] = [];
  const logged: string[] = [];
  const doubt = suspecting({
    accepted: {
      confirm: (agoMs) => Promise.resolve(void told.push(`confirm ${agoMs}`)),
      suspect: () => Promise.resolve((told.push("suspect"), suspects)),
      expire: (agoMs) => Promise.resolve(void told.push(`expire ${agoMs}`)),
    },
    log: gatheringLog(logged),
    expiryAfterMs: 60_000,
  });
  return { ...doubt, told, logged };
};

describe("what Segment accepted", () => {
  test("before a good word is safe, but for the last moment before it", async () => {
    const { onWord, settled, told } = aDoubt();
    onWord({ result: "known", agoMs: 40, isFirst: false }, after(...flowing, known(61_000)));
    await settled();
    expect(told).toEqual(["expire 60000", "confirm 2040"]);
  });

  test("before a bad word is suspect, and the log says how much, and from when to when", async () => {
    const { onWord, settled, told, logged } = aDoubt({ events: 900, unkept: 100 });
    onWord({ result: "unknown", agoMs: 40, isFirst: false }, after(...flowing, unknown(61_000)));
    await settled();
    expect(told).toEqual(["expire 60000", "suspect"]);
    expect(logged).toEqual([
      expect.stringMatching(
        /1,000 events from 1970-01-01T00:00:01.000Z to 1970-01-01T00:01:01.000Z.* 900 of them are kept/,
      ),
    ]);
  });

  test("while the bad word was on its way is suspect too, whatever the first word after the repair is", async () => {
    const { onWord, settled, told, logged } = aDoubt();
    onWord({ result: "known", agoMs: 40, isFirst: true }, after(...flowing, unknown(61_000), known(90_000)));
    await settled();
    expect(told).toEqual(["expire 60000", "suspect"]);
    expect(logged).toEqual([]);
  });

  test("after the first word after the repair is safe by the next one, also while what was held still goes out", async () => {
    const { onWord, settled, told } = aDoubt();
    const replaying = after(...flowing, unknown(61_000), known(90_000), known(150_000));
    expect(replaying.kind).toBe("replaying");
    onWord({ result: "known", agoMs: 40, isFirst: false }, replaying);
    await settled();
    expect(told).toEqual(["expire 60000", "confirm 2040"]);
  });

  test("after the outage is over is safe by the next good word", async () => {
    const { onWord, settled, told } = aDoubt();
    const over: OutageEvent[] = [unknown(61_000), known(90_000), { kind: "drained", atMs: 91_000 }, known(150_000)];
    onWord({ result: "known", agoMs: 40, isFirst: false }, after(...flowing, ...over));
    await settled();
    expect(told).toEqual(["expire 60000", "confirm 2040"]);
  });
});
