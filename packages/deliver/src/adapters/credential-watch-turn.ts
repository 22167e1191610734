import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { currentForMs, nextCheckInMs } from "../core/credential-schedule.ts";
import type { ProbeResult } from "../core/outage-event.ts";
import type { OutageState } from "../core/outage-state.ts";
import type { CheckLeases } from "./credential-watch-lease.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";
import type { KeyVerdict } from "./settings-probe.ts";

export interface CredentialTurnOptions {
  keyFingerprint: string;
  /** How often the key is verified while delivering. */
  everyMs: number;
  /** How long one question may take. */
  timeoutMs: number;
  verify: (signal: AbortSignal) => Promise<KeyVerdict>;
  outage: Pick<OutageWatch, "state" | "report">;
  leases: CheckLeases;
  log: Logger;
  /** Called for every answer, for the metrics. */
  count: (result: ProbeResult) => void;
  /** Called for every word on the key of the state, with what the state has become; must not throw. */
  onWord: (word: CredentialWord, state: OutageState) => void;
  /** UNIX ms. */
  now: () => number;
}

/** The settings endpoint's word on the key, and how long ago (ms) it was asked for. */
export interface CredentialWord {
  result: Exclude<ProbeResult, "undecided">;
  agoMs: number;
  /** No good word came between the last bad one, or the change of the key, and this one. */
  isFirst: boolean;
}

export interface CredentialTurn {
  /** One look: asks if it is time, and if no other pod does. Resolves with how long (ms) nothing is to be done. */
  take: (urgent: boolean, signal: AbortSignal) => Promise<number>;
  /** Whether the last word on the key, whoever had it, is recent enough to send on. */
  isCurrent: () => boolean;
}

/** While pods with different configurations run side by side, the state's key changes hands no faster than this. */
const insistAfterMs = 30_000;
const lookAgainMs = 1_000;
/** The others become free to ask a little before it is time, so that it is time for whoever comes first. */
const leaseShare = 0.9;

/** Says that our credentials are configured now, where the shared state speaks of others. */
const announcing = ({ keyFingerprint, outage, now }: CredentialTurnOptions) => {
  let announcedMs = -Infinity;
  return async (): Promise<OutageState> => {
    const state = outage.state();
    if (state.keyFingerprint === keyFingerprint || now() - announcedMs < insistAfterMs) return state;
    const atMs = now();
    const { state: agreed } = await outage.report({ kind: "keyChanged", keyFingerprint, atMs });
    announcedMs = atMs;
    return agreed;
  };
};

/** Remembers, counts and logs what was heard. */
const hearing = ({ count, log, now }: CredentialTurnOptions) => {
  const heard: { answeredMs: number | undefined; wordMs: number; undecidedInRow: number } = {
    answeredMs: undefined,
    /** As `answeredMs`, or when another pod was found to have asked. */
    wordMs: -Infinity,
    undecidedInRow: 0,
  };
  const note = (verdict: KeyVerdict, tookMs: number): ProbeResult => {
    const result = typeof verdict === "object" ? "undecided" : verdict;
    heard.undecidedInRow = result === "undecided" ? heard.undecidedInRow + 1 : 0;
    heard.wordMs = heard.answeredMs = now();
    count(result);
    if (typeof verdict === "object")
      log.warn({ why: verdict.undecided, inRow: heard.undecidedInRow, tookMs }, "credentials.undecided");
    else if (verdict === "unknown") log.error({ tookMs }, "credentials.unknown: Segment does not know the write key");
    else log.debug({ tookMs }, "credentials.known");
    return result;
  };
  return { heard, note };
};

export const credentialTurn = (options: CredentialTurnOptions): CredentialTurn => {
  const { keyFingerprint, everyMs, timeoutMs, outage, leases, now } = options;
  const announce = announcing(options);
  const { heard, note } = hearing(options);
  const dueInMs = (state: OutageState) => nextCheckInMs({ ...heard, state, everyMs }, now());
  const subjectOf = ({ kind }: OutageState) => `${keyFingerprint}:${kind}`;

  const ask = async (signal: AbortSignal): Promise<number> => {
    const atMs = now();
    const verdict = await options.verify(signal);
    if (signal.aborted) return 0; // what an aborted question says is nobody's word
    const result = note(verdict, now() - atMs);
    const isFirst = outage.state().lastVerifiedMs === undefined;
    const { state } = await outage.report({ kind: "probe", result, keyFingerprint, atMs });
    if (result !== "undecided" && state.keyFingerprint === keyFingerprint)
      options.onWord({ result, agoMs: now() - atMs, isFirst }, state);
    // A kill before this line: the lease ends soon by itself, and another pod asks.
    const nextMs = dueInMs(state);
    await leases.answered(subjectOf(state), nextMs * leaseShare);
    return nextMs;
  };

  return {
    isCurrent: () => {
      const { keyFingerprint: current, lastVerifiedMs = -Infinity } = outage.state();
      const wordMs = current === keyFingerprint ? Math.max(lastVerifiedMs, heard.wordMs) : -Infinity;
      return now() - wordMs <= currentForMs({ everyMs, timeoutMs });
    },

    take: async (urgent, signal) => {
      const state = await announce();
      if (state.keyFingerprint !== keyFingerprint) return lookAgainMs;
      if (urgent) return ask(signal);
      const dueMs = dueInMs(state);
      if (dueMs > 0) return dueMs;
      const subject = subjectOf(state);
      const lease = await leases.take(subject, timeoutMs + lookAgainMs);
      if (lease.taken) {
        const nextMs = await ask(signal);
        const isSettled = !signal.aborted && subjectOf(outage.state()) === subject;
        if (!isSettled) await leases.release(subject); // the answer is kept under another subject, or there is none
        return nextMs;
      }
      if (lease.answered) heard.wordMs = now();
      return Math.min(lookAgainMs, lease.leftMs);
    },
  };
};
