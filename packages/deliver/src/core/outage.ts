import { giveNotices, noticesDue } from "./outage-notices.ts";
import type { Effect, EventOf, OutageEvent } from "./outage-event.ts";
import {
  type Facts,
  type Holding,
  isRefusal,
  type NoticeName,
  openOutage,
  type Outage,
  type OutageState,
  type SuspectWindow,
  type Trouble,
  type TroubleReason,
} from "./outage-state.ts";

/** `state` is the very same object when the event changed nothing. */
export interface Step {
  state: OutageState;
  effects: Effect[];
}

/** A settings endpoint that cannot be asked for so long after the start is an outage that someone should hear of. */
export const unverifiedGraceMs = 60_000;

/**
 * The outage of one workspace.
 * ```
 *   +------------+   unknown | operatorHold | undecided for a minute       +---------+
 *   | unverified | ------------------------------------------------------> | holding | <---+
 *   +------------+                                                         +---------+     |
 *   known |  ^ keyChanged       refused | unknown | operatorHold             ^   |         | refused
 *         v  |             +-------------------------------------------------+   |         | unknown
 *   +------------+ --------+                           known | operatorResume    |         | operatorHold
 *   |  flowing   |                                                               v         | keyChanged
 *   +------------+ <--------------------- drained --------------------- +-----------+      |
 *         |                                                             | replaying | -----+
 *         +------------- tick that found dead letters ----------------> +-----------+
 *
 *   replaying, after a refusal (401, 403, 404, OAuth, 400 to everything): a trial of one batch at a time -- delivered -->
 *   everything
 * ```
 * - While holding, the last word on the credentials is `trouble`: a key change makes it `unverified`, a probe may make
 *   it `unknown-write-key`, or clear it; a known key does not clear a refusal, it only allows the trial. An operator's
 *   hold lies above that: nothing is sent before `operatorResume`, and then only when there is no trouble left.
 * - An outage opens when holding begins and closes when a replay has drained; falling back in the middle is the same
 *   outage, and nobody is told twice. (A key changed in a replay without an outage goes to `unverified`.)
 * - `undecided` and everything that a state does not expect leave it as it is. So does a word on other credentials than
 *   the state's, and a probe that was asked before what it seems to contradict.
 */
export const step = (state: OutageState, event: OutageEvent): Step => {
  if (event.kind === "keyChanged") return onKeyChanged(state, event);
  if ("keyFingerprint" in event && event.keyFingerprint !== state.keyFingerprint) return stay(state);
  switch (event.kind) {
    case "probe":
      return onProbe(state, event);
    case "refused":
      return onRefused(state, event);
    case "trialTaken":
    case "trialReturned":
    case "delivered":
      return onTrial(state, event);
    case "drained":
      return onDrained(state, event.atMs);
    case "operatorHold":
      return onOperatorHold(state, event.atMs);
    case "operatorResume":
      return onOperatorResume(state, event.atMs);
    case "tick":
      return onTick(state, event);
    case "told":
      return onTold(state, event.id);
    default:
      return event satisfies never;
  }
};

const stay = (state: OutageState): Step => ({ state, effects: [] });
const move = (state: OutageState, ...effects: Effect[]): Step => ({ state, effects });

const factsOf = ({ keyFingerprint, sinceMs, lastVerifiedMs, suspect, untold }: OutageState): Facts => ({
  keyFingerprint,
  sinceMs,
  lastVerifiedMs,
  suspect,
  untold,
});

/** Adds to the outage and to `untold` what was not told yet; the same state when all of it was. */
const tell = <State extends OutageState & { outage?: Outage | undefined }>(
  state: State,
  names: readonly NoticeName[],
  atMs: number,
): { state: State; effects: Effect[] } => {
  if (!state.outage || names.length === 0) return { state, effects: [] };
  const { outage, untold, effects } = giveNotices(state.outage, state.untold, names, atMs);
  return effects.length === 0 ? { state, effects } : { state: { ...state, outage, untold }, effects };
};

/** Begins to hold: in the outage that is open, or in a new one. */
const hold = (state: OutageState, atMs: number, why: Pick<Holding, "trouble" | "operator">): Step => {
  const open = openOutage(state);
  const reason = why.operator ? "operator" : (why.trouble?.reason ?? "operator");
  const outage = open ?? { openedMs: atMs, reason, told: [] };
  return tell({ ...factsOf(state), kind: "holding", sinceMs: atMs, outage, ...why }, ["opened"], atMs);
};

const replay = (state: Holding, atMs: number): Step =>
  move({
    ...factsOf(state),
    kind: "replaying",
    sinceMs: atMs,
    outage: state.outage,
    trial: state.trouble && isRefusal(state.trouble.reason) ? { reason: state.trouble.reason } : undefined,
  });

const onKeyChanged = (state: OutageState, { atMs, keyFingerprint }: EventOf<"keyChanged">): Step => {
  if (keyFingerprint === state.keyFingerprint) return stay(state);
  const changed = { ...state, keyFingerprint, lastVerifiedMs: undefined };
  const trouble: Trouble = { reason: "unverified", sinceMs: atMs };
  if (changed.kind === "holding") return move({ ...changed, trouble }, "probeNow");
  if (!openOutage(changed)) return move({ ...factsOf(changed), kind: "unverified", sinceMs: atMs }, "probeNow");
  const { state: held, effects } = hold(changed, atMs, { trouble, operator: false });
  return move(held, ...effects, "probeNow");
};

const onProbe = (state: OutageState, { result, atMs }: EventOf<"probe">): Step => {
  switch (result) {
    case "known":
      return onKnown(state, atMs);
    case "unknown":
      return onUnknown(state, atMs);
    case "undecided": {
      const tooLong = state.kind === "unverified" && atMs - state.sinceMs >= unverifiedGraceMs;
      if (!tooLong) return stay(state);
      return hold(state, atMs, { trouble: { reason: "unverified", sinceMs: state.sinceMs }, operator: false });
    }
    default:
      return result satisfies never;
  }
};

const onKnown = (state: OutageState, atMs: number): Step => {
  if (state.lastVerifiedMs !== undefined && atMs <= state.lastVerifiedMs) return stay(state);
  const verified = { ...state, lastVerifiedMs: atMs };
  switch (verified.kind) {
    case "unverified":
      if (atMs < state.sinceMs) return stay(state); // asked before the key came back
      return move({ ...factsOf(verified), kind: "flowing", sinceMs: atMs });
    case "flowing":
    case "replaying":
      return move(verified);
    case "holding": {
      const { trouble, operator } = verified;
      if (trouble && atMs < trouble.sinceMs) return stay(state); // asked before the trouble was noticed
      if (!operator) return replay(verified, atMs);
      return move({ ...verified, trouble: trouble && isRefusal(trouble.reason) ? trouble : undefined });
    }
    default:
      return verified satisfies never;
  }
};

const onUnknown = (state: OutageState, atMs: number): Step => {
  if (state.lastVerifiedMs !== undefined && atMs < state.lastVerifiedMs) return stay(state);
  if (state.kind === "holding" && state.trouble?.reason === "unknown-write-key") return stay(state);
  const suspect = suspectWindow(state, atMs);
  // No longer verified, so the next unknown cannot name the same window again.
  const unknown = { ...state, lastVerifiedMs: undefined, suspect: suspect ?? state.suspect };
  const trouble: Trouble = { reason: "unknown-write-key", sinceMs: atMs };
  const { state: next, effects } =
    unknown.kind === "holding" ? stay({ ...unknown, trouble }) : hold(unknown, atMs, { trouble, operator: false });
  return move(next, ...effects);
};

/** The time since the last good word, if anything was sent in it. */
const suspectWindow = (state: OutageState, atMs: number): SuspectWindow | undefined => {
  const { lastVerifiedMs: fromMs, sinceMs } = state;
  if (fromMs === undefined || fromMs === atMs) return undefined;
  return state.kind === "holding" && fromMs >= sinceMs ? undefined : { fromMs, toMs: atMs };
};

const onRefused = (state: OutageState, { atMs, reason }: EventOf<"refused">): Step => {
  const trouble: Trouble = { reason, sinceMs: atMs };
  switch (state.kind) {
    case "flowing":
    case "replaying":
      return hold(state, atMs, { trouble, operator: false });
    case "holding":
      return state.trouble ? stay(state) : move({ ...state, trouble });
    case "unverified":
      return stay(state); // the probe will say
    default:
      return state satisfies never;
  }
};

const onTrial = (state: OutageState, event: EventOf<"trialTaken" | "trialReturned" | "delivered">): Step => {
  if (state.kind !== "replaying" || !state.trial) return stay(state);
  const { reason, takenUntilMs } = state.trial;
  if (event.kind === "trialTaken") {
    if (takenUntilMs !== undefined && event.atMs < takenUntilMs) return stay(state);
    return move({ ...state, trial: { reason, takenUntilMs: event.atMs + event.forMs } }, "sendTrial");
  }
  if (takenUntilMs === undefined) return stay(state);
  return move({ ...state, trial: event.kind === "delivered" ? undefined : { reason } });
};

const onDrained = (state: OutageState, atMs: number): Step => {
  if (state.kind !== "replaying" || state.trial) return stay(state);
  const { state: closed, effects } = tell(state, ["closed"], atMs);
  return move({ ...factsOf(closed), kind: "flowing", sinceMs: atMs }, ...effects);
};

const onOperatorHold = (state: OutageState, atMs: number): Step => {
  const because = (reason: TroubleReason): Trouble => ({ reason, sinceMs: atMs });
  switch (state.kind) {
    case "unverified":
      return hold(state, atMs, { trouble: because("unverified"), operator: true });
    case "flowing":
      return hold(state, atMs, { operator: true });
    case "replaying":
      return hold(state, atMs, { trouble: state.trial && because(state.trial.reason), operator: true });
    case "holding":
      return state.operator ? stay(state) : move({ ...state, operator: true });
    default:
      return state satisfies never;
  }
};

const onOperatorResume = (state: OutageState, atMs: number): Step => {
  if (state.kind !== "holding" || !state.operator) return stay(state);
  return state.trouble ? move({ ...state, operator: false }, "probeNow") : replay(state, atMs);
};

const onTick = (state: OutageState, { atMs, oldestHeldMs, expiryAfterMs }: EventOf<"tick">): Step => {
  switch (state.kind) {
    case "unverified":
      return stay(state);
    case "flowing":
      return oldestHeldMs === undefined ? stay(state) : move({ ...factsOf(state), kind: "replaying", sinceMs: atMs });
    case "holding":
    case "replaying":
      return tell(state, noticesDue({ afterMs: expiryAfterMs, oldestHeldMs }, atMs), atMs);
    default:
      return state satisfies never;
  }
};

const onTold = (state: OutageState, id: string): Step =>
  state.untold.some((notice) => notice.id === id)
    ? move({ ...state, untold: state.untold.filter((notice) => notice.id !== id) })
    : stay(state);
