import { describe, expect, it } from "vitest";
import type { Effect, OutageEvent, ProbeResult } from "./outage-event.ts";
import { firstOutageState, holdReasonOf, maySend, openOutage, type OutageState } from "./outage-state.ts";
import { step, unverifiedGraceMs } from "./outage.ts";

const key = "key-1";
const probe = (result: ProbeResult, atMs: number, keyFingerprint = key): OutageEvent => ({
  kind: "probe",
  result,
  atMs,
  keyFingerprint,
});
const refused = (atMs: number, keyFingerprint = key): OutageEvent => ({
  kind: "refused",
  reason: "unauthorized",
  atMs,
  keyFingerprint,
});
const keyChanged = (keyFingerprint: string, atMs: number): OutageEvent => ({
  kind: "keyChanged",
  keyFingerprint,
  atMs,
});
const operatorHold = (atMs: number): OutageEvent => ({ kind: "operatorHold", atMs });
const operatorResume = (atMs: number): OutageEvent => ({ kind: "operatorResume", atMs });
const drained = (atMs: number): OutageEvent => ({ kind: "drained", atMs });
const delivered = (atMs: number): OutageEvent => ({ kind: "delivered", keyFingerprint: key, atMs });
const trialTaken = (atMs: number): OutageEvent => ({ kind: "trialTaken", keyFingerprint: key, forMs: 1_000, atMs });
const trialReturned = (atMs: number): OutageEvent => ({ kind: "trialReturned", keyFingerprint: key, atMs });
const tick = (atMs: number, oldestHeldMs: number | undefined): OutageEvent => ({
  kind: "tick",
  atMs,
  oldestHeldMs,
  expiryAfterMs: 1_000,
});

/** Walks the events and collects every effect on the way. */
const after = (...events: OutageEvent[]): { state: OutageState; effects: Effect[] } => {
  let state: OutageState = firstOutageState;
  const effects: Effect[] = [];
  for (const event of events) {
    const next = step(state, event);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
};
/** What the last event alone brought about. */
const lastEffects = (...events: OutageEvent[]): Effect[] =>
  step(after(...events.slice(0, -1)).state, events.at(-1)!).effects;

const unverified = [keyChanged(key, 1)];
const flowing = [...unverified, probe("known", 2)];
const unknownKey = [...flowing, probe("unknown", 10)];
const unauthorized = [...flowing, refused(10)];
const trial = [...unauthorized, probe("known", 20)];
const replaying = [...unknownKey, probe("known", 20)];

describe("a key that was never verified", () => {
  it("is not sent to, and nothing is held: batches wait for the first word", () => {
    for (const { state } of [after(), after(...unverified)]) {
      expect(maySend(state, key)).toBe("no");
      expect(holdReasonOf(state)).toBeUndefined();
      expect(openOutage(state)).toBeUndefined();
    }
  });

  it("is asked about at once, and flows when it is known", () => {
    expect(after(...unverified).effects).toEqual(["probeNow"]);
    const { state } = after(...flowing);
    expect(state).toMatchObject({ kind: "flowing", lastVerifiedMs: 2 });
    expect(maySend(state, key)).toBe("yes");
  });

  it("holds when it is unknown, without any suspect", () => {
    const { state, effects } = after(...unverified, probe("unknown", 2));
    expect(holdReasonOf(state)).toBe("unknown-write-key");
    expect(effects).toEqual(["probeNow", "tellOpened"]);
  });

  it("stays unverified while the endpoint cannot say, and after a minute that is an outage to be told of", () => {
    const soon = after(...unverified, probe("undecided", unverifiedGraceMs));
    expect(soon.state.kind).toBe("unverified");
    const late = after(...unverified, probe("undecided", unverifiedGraceMs + 1));
    expect(late.state).toMatchObject({ kind: "holding", trouble: { reason: "unverified" } });
    expect(late.effects).toContain("tellOpened");
    expect(after(...unverified, probe("undecided", unverifiedGraceMs + 1), probe("known", 90_000)).state.kind).toBe(
      "replaying",
    );
  });

  it("is not refused by what an older delivery met: the probe will say", () => {
    expect(after(...unverified, refused(2)).state.kind).toBe("unverified");
  });
});

describe("a workspace that flows", () => {
  it("is not stopped by an endpoint that cannot say", () => {
    const { state } = after(...flowing);
    expect(step(state, probe("undecided", 1_000_000)).state).toBe(state);
  });

  it("holds on the first refusal, tells once, and takes no notice of those that follow", () => {
    const { state, effects } = after(...unauthorized);
    expect(state).toMatchObject({ kind: "holding", sinceMs: 10, outage: { openedMs: 10, reason: "unauthorized" } });
    expect(maySend(state, key)).toBe("no");
    expect(effects).toEqual(["probeNow", "tellOpened"]);
    expect(step(state, refused(11)).state).toBe(state);
  });

  it("holds when its key becomes unknown, and what was accepted since the last good word is suspect", () => {
    const { state, effects } = after(...flowing, probe("known", 5), probe("unknown", 10));
    expect(holdReasonOf(state)).toBe("unknown-write-key");
    expect(state.suspect).toEqual({ fromMs: 5, toMs: 10 });
    expect(effects).toEqual(["probeNow", "tellOpened"]);
  });

  it("sends nothing with other credentials than those that were verified", () => {
    const { state } = after(...flowing);
    expect(maySend(state, "key-2")).toBe("no");
    const { state: changed } = after(...flowing, keyChanged("key-2", 5));
    expect(changed.kind).toBe("unverified");
    expect([maySend(changed, key), maySend(changed, "key-2")]).toEqual(["no", "no"]);
  });

  it("takes no word on an old key, and no word that is older than the last good one", () => {
    const { state } = after(...flowing, keyChanged("key-2", 5), probe("known", 6, "key-2"));
    for (const stale of [probe("unknown", 7, key), refused(7, key), probe("unknown", 4, "key-2")])
      expect(step(state, stale).state).toBe(state);
  });

  it("replays quietly when dead letters are found: no outage, nobody is told", () => {
    const { state, effects } = after(...flowing, tick(10, 9));
    expect(state.kind).toBe("replaying");
    expect(maySend(state, key)).toBe("yes");
    expect(after(...flowing, tick(10, 9), drained(11)).state.kind).toBe("flowing");
    expect(effects).toEqual(["probeNow"]);
    expect(after(...flowing, tick(10, undefined)).state.kind).toBe("flowing");
  });

  it("takes a key back that it had before only on a word asked for after that", () => {
    const back = [...flowing, keyChanged("key-2", 5), keyChanged(key, 8)];
    expect(after(...back, probe("known", 7)).state.kind).toBe("unverified");
    expect(after(...back, probe("known", 9)).state.kind).toBe("flowing");
  });
});

describe("a workspace that holds", () => {
  it("replays everything once an unknown key is known, and flows when that has drained", () => {
    const { state } = after(...replaying);
    expect(maySend(state, key)).toBe("yes");
    expect(holdReasonOf(state)).toBeUndefined();
    const closed = after(...replaying, drained(30));
    expect(closed.state.kind).toBe("flowing");
    expect(closed.effects.at(-1)).toBe("tellClosed");
  });

  it("is not ended by a good word that was asked for before the trouble was noticed", () => {
    const { state } = after(...unauthorized);
    expect(step(state, probe("known", 9)).state).toBe(state);
  });

  it("is not ended by an endpoint that cannot say", () => {
    const { state } = after(...unknownKey);
    expect(step(state, probe("undecided", 99)).state).toBe(state);
  });

  it("waits for the probe of a new key, then replays without a trial: the refusal was the old key's", () => {
    const { state } = after(...unauthorized, keyChanged("key-2", 20));
    expect(holdReasonOf(state)).toBe("unverified");
    expect(lastEffects(...unauthorized, keyChanged("key-2", 20))).toEqual(["probeNow"]);
    const { state: next } = after(...unauthorized, keyChanged("key-2", 20), probe("known", 21, "key-2"));
    expect(maySend(next, "key-2")).toBe("yes");
    expect(openOutage(next)?.openedMs).toBe(10);
  });

  it("learns that a refused key is unknown too, and suspects what was accepted before the refusal", () => {
    const { state } = after(...unauthorized, probe("unknown", 20), probe("unknown", 30));
    expect(holdReasonOf(state)).toBe("unknown-write-key");
    expect(state.suspect).toEqual({ fromMs: 2, toMs: 20 });
  });

  it("suspects nothing when nothing was sent since the last good word, and keeps the window it had", () => {
    const paused = [operatorHold(30), probe("known", 40), probe("unknown", 50)];
    expect(after(...flowing, ...paused).state.suspect).toBeUndefined();
    expect(after(...replaying, ...paused).state.suspect).toEqual({ fromMs: 2, toMs: 10 });
  });

  it("tells at 50, 80 and 95 % of the window, once each", () => {
    const ticks = [499, 500, 501, 799, 800, 949, 950, 5_000].map((age) => tick(10 + age, 10));
    expect(after(...unauthorized, ...ticks).effects).toEqual([
      "probeNow",
      "tellOpened",
      "tellHalf",
      "tell80",
      "tell95",
    ]);
    expect(lastEffects(...unauthorized, tick(10 + 820, 10))).toEqual(["tellHalf", "tell80"]);
    expect(lastEffects(...unauthorized, tick(5_000, undefined))).toEqual([]);
  });

  it("keeps every notice until it was sent, each under a name of its own", () => {
    const { state } = after(...unauthorized, tick(510, 10));
    expect(state.untold.map(({ id, name }) => [id, name])).toEqual([
      ["10-opened", "opened"],
      ["10-half", "half"],
    ]);
    const { state: sent } = step(state, { kind: "told", id: "10-opened", atMs: 600 });
    expect(sent.untold.map(({ id }) => id)).toEqual(["10-half"]);
    expect(step(sent, { kind: "told", id: "10-opened", atMs: 601 }).state).toBe(sent);
  });
});

describe("a trial", () => {
  it("follows a good word after a refusal: one batch, and the rest is still held", () => {
    const { state } = after(...trial);
    expect(maySend(state, key)).toBe("one");
    expect(holdReasonOf(state)).toBe("unauthorized");
  });

  it("is granted to one at a time, and to the next when its time is over or it said nothing", () => {
    expect(lastEffects(...trial, trialTaken(30))).toEqual(["sendTrial"]);
    expect(lastEffects(...trial, trialTaken(30), trialTaken(1_029))).toEqual([]);
    expect(lastEffects(...trial, trialTaken(30), trialTaken(1_030))).toEqual(["sendTrial"]);
    expect(lastEffects(...trial, trialTaken(30), trialReturned(40), trialTaken(41))).toEqual(["sendTrial"]);
  });

  it("opens the way for everything when it is delivered", () => {
    const { state } = after(...trial, trialTaken(30), delivered(31));
    expect(maySend(state, key)).toBe("yes");
    expect(holdReasonOf(state)).toBeUndefined();
  });

  it("falls back to holding when it is refused: the same outage, and nobody is told again", () => {
    const { state, effects } = after(...trial, trialTaken(30), refused(31));
    expect(state).toMatchObject({ kind: "holding", outage: { openedMs: 10 }, trouble: { sinceMs: 31 } });
    expect(effects.filter((effect) => effect === "tellOpened")).toHaveLength(1);
  });

  it("is not over because nothing is left: an empty queue proves nothing", () => {
    expect(after(...trial, drained(30)).state).toEqual(after(...trial).state);
  });

  it("is not passed by a delivery that nobody was granted", () => {
    expect(after(...trial, delivered(30)).state).toEqual(after(...trial).state);
  });
});

describe("a replay", () => {
  it("goes back to holding on a refusal or an unknown key, in the same outage, and closes once", () => {
    for (const failure of [refused(30), probe("unknown", 30)]) {
      const { state, effects } = after(...replaying, failure);
      expect(state).toMatchObject({ kind: "holding", outage: { openedMs: 10 } });
      expect(effects.filter((effect) => effect === "tellOpened")).toHaveLength(1);
    }
    const twice = after(...replaying, probe("unknown", 30), probe("known", 40), drained(50), drained(51));
    expect(twice.effects.filter((effect) => effect === "tellClosed")).toHaveLength(1);
  });

  it("stops for a new key until that is verified, and stays the same outage", () => {
    const { state, effects } = after(...replaying, keyChanged("key-2", 30));
    expect(state).toMatchObject({ kind: "holding", trouble: { reason: "unverified" }, outage: { openedMs: 10 } });
    expect(effects.at(-1)).toBe("probeNow");
    expect(after(...replaying, keyChanged("key-2", 30), probe("known", 31, "key-2")).state.kind).toBe("replaying");
  });
});

describe("an operator's hold", () => {
  it("wins over every good word until the operator resumes, then what was held is replayed", () => {
    const { state } = after(...flowing, operatorHold(10), probe("known", 20));
    expect(holdReasonOf(state)).toBe("operator");
    expect(maySend(state, key)).toBe("no");
    expect(after(...flowing, operatorHold(10), operatorResume(20)).state.kind).toBe("replaying");
  });

  it("hides trouble but does not heal it", () => {
    for (const [start, reason] of [
      [unknownKey, "unknown-write-key"],
      [unauthorized, "unauthorized"],
      [trial, "unauthorized"],
      [unverified, "unverified"],
    ] as const) {
      expect(holdReasonOf(after(...start, operatorHold(30)).state)).toBe("operator");
      const { state, effects } = after(...start, operatorHold(30), operatorResume(31));
      expect(holdReasonOf(state)).toBe(reason);
      expect(effects.at(-1)).toBe("probeNow");
    }
  });

  it("notices trouble and its end behind it", () => {
    const unseen = [...flowing, operatorHold(10), refused(11)];
    expect(holdReasonOf(after(...unseen, operatorResume(12)).state)).toBe("unauthorized");
    expect(maySend(after(...unseen, probe("known", 12), operatorResume(13), probe("known", 14)).state, key)).toBe(
      "one",
    );
    const healed = [...flowing, operatorHold(10), probe("unknown", 11), probe("known", 12), operatorResume(13)];
    expect(maySend(after(...healed).state, key)).toBe("yes");
  });

  it("is not begun twice, and a resume without it does nothing", () => {
    const { state } = after(...flowing, operatorHold(10));
    expect(step(state, operatorHold(11)).state).toBe(state);
    for (const start of [unverified, flowing, unknownKey, replaying]) {
      const { state: unheld } = after(...start);
      expect(step(unheld, operatorResume(50))).toEqual({ state: unheld, effects: [] });
    }
  });
});

describe("an event that the state does not expect", () => {
  it("leaves it as it is", () => {
    const unexpected: [OutageEvent[], OutageEvent[]][] = [
      [[], [probe("known", 50), refused(50), drained(50), delivered(50), trialTaken(50), tick(50, 1)]],
      [unverified, [drained(50), delivered(50), trialTaken(50), trialReturned(50), tick(50, 1), keyChanged(key, 50)]],
      [flowing, [drained(50), delivered(50), trialTaken(50), trialReturned(50), keyChanged(key, 50)]],
      [unknownKey, [drained(50), delivered(50), trialTaken(50), trialReturned(50), refused(50), keyChanged(key, 50)]],
      [replaying, [delivered(50), trialTaken(50), trialReturned(50), keyChanged(key, 50)]],
      [trial, [trialReturned(50), { kind: "told", id: "no such notice", atMs: 50 }]],
    ];
    for (const [start, events] of unexpected)
      for (const event of events) {
        const { state } = after(...start);
        const next = step(state, event);
        expect(next.state, `${state.kind} ${event.kind}`).toBe(state);
        expect(next.effects).toEqual([]);
      }
  });
});
