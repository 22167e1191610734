import type { NoticeName, RefusedReason } from "./outage-state.ts";

/** "undecided": the settings endpoint could not be asked, or answered neither way. */
export type ProbeResult = "known" | "unknown" | "undecided";

/** What is said of credentials counts only for those: a verdict on an old key changes nothing. */
interface OfKey {
  keyFingerprint: string;
}

/** What can happen to a workspace, with the time (UNIX ms) at which it did. */
export type OutageEvent = { atMs: number } & (
  | ({ kind: "probe"; result: ProbeResult } & OfKey) // the settings endpoint's word; atMs is when it was asked
  | ({ kind: "refused"; reason: RefusedReason } & OfKey) // a delivery's verdict
  | ({ kind: "keyChanged" } & OfKey) // other credentials are configured now
  | ({ kind: "trialTaken"; forMs: number } & OfKey) // someone asks to send the trial, done within forMs: `sendTrial`
  | ({ kind: "trialReturned" } & OfKey) // it said nothing of the credentials (wait, split): the next one may try
  | ({ kind: "delivered" } & OfKey) // the trial was delivered
  | { kind: "drained" } // no dead letter is left, neither waiting nor in hand
  | { kind: "operatorHold" }
  | { kind: "operatorResume" }
  | { kind: "tick"; oldestHeldMs: number | undefined; expiryAfterMs: number } // now and then: the dead letters' clock
  | { kind: "told"; id: string } // this notice was sent, or there is nobody to send it to
);
export type EventOf<Kind extends OutageEvent["kind"]> = Extract<OutageEvent, { kind: Kind }>;

/** What is to be done now, by the one whose event brought it about. */
export type Effect = (typeof tellEffects)[NoticeName] | "probeNow" | "sendTrial";

/** A `tell` effect says that a notice was added to the state's `untold`: whoever sends notices need not wait. */
export const tellEffects = {
  opened: "tellOpened",
  half: "tellHalf",
  "80": "tell80",
  "95": "tell95",
  closed: "tellClosed",
} as const satisfies Record<NoticeName, string>;
