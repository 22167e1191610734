import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Effect, type OutageEvent, tellEffects } from "./outage-event.ts";
import {
  firstOutageState,
  holdReasonOf,
  isRefusal,
  maySend,
  noticeNames,
  openOutage,
  type OutageState,
  type SuspectWindow,
} from "./outage-state.ts";
import { step } from "./outage.ts";

const keys = ["key-1", "key-2"];
const ofKey = { keyFingerprint: fc.constantFrom(...keys) };
const oneOf = <Kind extends string>(kind: Kind) => fc.constant(kind);

/** An event without its time; `lateMs` is how long it was under way (a slow probe, another pod's verdict). */
const anEvent = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: oneOf("probe"),
      result: fc.constantFrom("known" as const, "unknown" as const, "undecided" as const),
      ...ofKey,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: oneOf("refused"),
      reason: fc.constantFrom(
        "unauthorized" as const,
        "forbidden" as const,
        "not-found" as const,
        "oauth-refused" as const,
        "everything-refused" as const,
      ),
      ...ofKey,
    }),
  },
  fc.record({ kind: oneOf("keyChanged"), ...ofKey }),
  fc.record({ kind: oneOf("trialTaken"), forMs: fc.integer({ min: 1, max: 500 }), ...ofKey }),
  fc.record({ kind: oneOf("trialReturned"), ...ofKey }),
  fc.record({ kind: oneOf("delivered"), ...ofKey }),
  { weight: 2, arbitrary: fc.record({ kind: oneOf("drained") }) },
  fc.record({ kind: oneOf("operatorHold") }),
  fc.record({ kind: oneOf("operatorResume") }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: oneOf("tick"),
      oldestHeldMs: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
      expiryAfterMs: fc.constant(1_000),
    }),
  },
);
const aMoment = fc.record({
  event: anEvent,
  passedMs: fc.integer({ min: 1, max: 300 }),
  lateMs: fc.constantFrom(0, 0, 0, 5, 400),
});
type Moment = typeof aMoment extends fc.Arbitrary<infer M> ? M : never;

interface Walked {
  before: OutageState;
  event: OutageEvent;
  state: OutageState;
  effects: Effect[];
}

/** The events in the order in which they are reported; probes and verdicts may be older than what came before them. */
const eventsOf = (moments: readonly Moment[]): OutageEvent[] => {
  let nowMs = 0;
  const begin: OutageEvent = { kind: "keyChanged", keyFingerprint: "key-1", atMs: 0 };
  return [
    begin,
    ...moments.map(({ event, passedMs, lateMs }): OutageEvent => {
      nowMs += passedMs;
      const late = event.kind === "probe" || event.kind === "refused" ? lateMs : 0;
      return { ...event, atMs: Math.max(0, nowMs - late) };
    }),
  ];
};

const walk = (moments: readonly Moment[]): Walked[] => {
  let state = firstOutageState;
  return eventsOf(moments).map((event) => {
    const before = state;
    const next = step(state, event);
    state = next.state;
    return { before, event, ...next };
  });
};

const everyWalk = (holds: (walked: Walked[]) => void) =>
  fc.assert(
    fc.property(fc.array(aMoment, { maxLength: 60 }), (moments) => holds(walk(moments))),
    { numRuns: 1_500 },
  );

const count = (walked: readonly Walked[], effect: Effect) =>
  walked.flatMap(({ effects }) => effects).filter((one) => one === effect).length;

/** What must be true of a state wherever it came from. */
const faultsOf = (state: OutageState): string[] => {
  const faults: string[] = [];
  const open = openOutage(state);
  if (state.kind === "holding" && !state.trouble && !state.operator) faults.push("holds for no reason");
  if (state.kind === "holding" && holdReasonOf(state) === undefined) faults.push("holds without a word why");
  if (
    state.kind === "holding" &&
    state.trouble &&
    !isRefusal(state.trouble.reason) &&
    state.lastVerifiedMs !== undefined
  )
    faults.push("not known, yet verified");
  if (state.kind === "unverified" && state.lastVerifiedMs !== undefined) faults.push("unverified, yet verified");
  if (open && new Set(open.told).size !== open.told.length) faults.push("told twice");
  if (open && !open.told.includes("opened")) faults.push("an outage nobody was told of");
  if (state.suspect && state.suspect.fromMs >= state.suspect.toMs) faults.push("an empty suspect window");
  for (const key of keys) {
    if (maySend(state, key) === "no") continue;
    if (state.lastVerifiedMs === undefined) faults.push("may send with a key that is not verified");
    if (key !== state.keyFingerprint) faults.push("may send with a key the state does not speak of");
  }
  return faults;
};

describe("on every walk of random events", () => {
  it("every state is legal, and an effect only comes with a change", () => {
    everyWalk((walked) => {
      for (const { before, state, effects } of walked) {
        expect(faultsOf(state)).toEqual([]);
        if (effects.length > 0) expect(state).not.toBe(before);
      }
    });
  });

  it("sending begins only on a good word on that very key, with nothing worse heard since", () => {
    everyWalk((walked) => {
      const verified = new Set<string>();
      for (const { before, event, state } of walked) {
        if (event.kind === "keyChanged" && event.keyFingerprint !== before.keyFingerprint) verified.clear();
        if (event.kind === "probe" && event.keyFingerprint === before.keyFingerprint) {
          if (event.result === "known") verified.add(event.keyFingerprint);
          if (event.result === "unknown" && state.lastVerifiedMs === undefined) verified.delete(event.keyFingerprint);
        }
        for (const key of keys) if (maySend(state, key) !== "no") expect(verified.has(key)).toBe(true);
      }
    });
  });

  it("after a refusal nothing but a granted trial is sent until one was delivered or the key is another", () => {
    everyWalk((walked) => {
      let doubted = false;
      for (const { before, event, state } of walked) {
        if (event.kind === "refused" && maySend(before, event.keyFingerprint) !== "no") doubted = true;
        const isTrial = before.kind === "replaying" && before.trial?.takenUntilMs !== undefined;
        if (event.kind === "delivered" && event.keyFingerprint === before.keyFingerprint && isTrial) doubted = false;
        if (event.kind === "keyChanged" && event.keyFingerprint !== before.keyFingerprint) doubted = false;
        // The settings endpoint gave the key up as well: its good word counts again.
        if (state.kind === "holding" && state.trouble?.reason === "unknown-write-key") doubted = false;
        if (doubted) expect(maySend(state, state.keyFingerprint)).not.toBe("yes");
      }
    });
  });

  it("an operator's hold lasts until the operator resumes", () => {
    everyWalk((walked) => {
      let held = false;
      for (const { event, state } of walked) {
        if (event.kind === "operatorHold") held = true;
        if (event.kind === "operatorResume") held = false;
        if (held) expect([maySend(state, state.keyFingerprint), holdReasonOf(state)]).toEqual(["no", "operator"]);
        else expect(holdReasonOf(state)).not.toBe("operator");
      }
    });
  });

  it("an outage is open from the time it is told open until it is told closed, and every notice is given once", () => {
    everyWalk((walked) => {
      const given = new Set<string>();
      for (const [index, { before, state, effects }] of walked.entries()) {
        const sofar = walked.slice(0, index + 1);
        expect(count(sofar, "tellOpened") - count(sofar, "tellClosed")).toBe(openOutage(state) ? 1 : 0);
        const added = state.untold.filter((notice) => !before.untold.includes(notice));
        expect(added.map(({ name }) => tellEffects[name])).toEqual(effects.filter((one) => one.startsWith("tell")));
        for (const { id } of added) {
          expect(given.has(id)).toBe(false);
          given.add(id);
        }
      }
      for (const name of noticeNames)
        expect(count(walked, tellEffects[name])).toBeLessThanOrEqual(count(walked, "tellOpened"));
    });
  });

  it("suspect windows follow each other and do not overlap", () => {
    everyWalk((walked) => {
      const windows: SuspectWindow[] = [];
      for (const { before, state } of walked)
        if (state.suspect && state.suspect !== before.suspect) windows.push(state.suspect);
      for (const [index, { fromMs }] of windows.entries())
        expect(fromMs).toBeGreaterThanOrEqual(windows[index - 1]?.toMs ?? 0);
    });
  });

  it("one trial at a time is granted, unless the one before ran out of time", () => {
    everyWalk((walked) => {
      for (const { before, event, effects } of walked) {
        if (!effects.includes("sendTrial") || before.kind !== "replaying") continue;
        expect(event.atMs).toBeGreaterThanOrEqual(before.trial?.takenUntilMs ?? 0);
      }
    });
  });

  it("there is a way out: a good key, an operator's word, one delivery and a drained queue lead back to flowing", () => {
    everyWalk((walked) => {
      const { state } = walked.at(-1) ?? { state: firstOutageState };
      const { keyFingerprint } = state;
      const atMs = 1_000_000;
      const way: OutageEvent[] = [
        { kind: "operatorResume", atMs },
        { kind: "probe", result: "known", keyFingerprint, atMs: atMs + 1 },
        { kind: "trialTaken", keyFingerprint, forMs: 10, atMs: atMs + 2 },
        { kind: "delivered", keyFingerprint, atMs: atMs + 3 },
        { kind: "drained", atMs: atMs + 4 },
      ];
      expect(way.reduce((at, event) => step(at, event).state, state).kind).toBe("flowing");
    });
  });
});
