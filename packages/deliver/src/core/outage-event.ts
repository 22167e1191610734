import type { NoticeName, RefusedReason } from "./outage-state.ts";

/** "undecided": the settings endpoint could not be asked, or answered neither way. */
export type ProbeResult = "known" | "unknown" | "undecided";

/** What is said of credentials counts only for those: a verdict on an old key changes nothing. */
interface OfKey {
  keyFingerprint: string;
}

/** What can happen to a workspace, with the time (UNIX ms) at which it did. */
export type OutageEvent = { atMs: number } & (
  | /** The settings endpoint's word; `atMs` is when it was asked. */
    ({ kind: "probe"; result: ProbeResult } & OfKey)
    /** A delivery's verdict. */
  | ({ kind: "refused"; reason: RefusedReason } & OfKey)
  /** Other credentials are configured now. */
  | ({ kind: "keyChanged" } & OfKey)
  /** Someone wants to send the trial batch, and will be done within `forMs`; granted by the effect `sendTrial`. */
  | ({ kind: "trialTaken"; forMs: number } & OfKey)
  /** The trial said nothing on the credentials (wait, split): the next one may try. */
  | ({ kind: "trialReturned" } & OfKey)
  /** The trial batch was delivered. */
  | ({ kind: "delivered" } & OfKey)
  /** No dead letter is left, waiting or in hand. */
  | { kind: "drained" }
  | { kind: "operatorHold" }
  | { kind: "operatorResume" }
  /** From time to time: the oldest dead letter, undefined when there is none, and the expiry window. */
  | { kind: "tick"; oldestHeldMs: number | undefined; expiryAfterMs: number }
  /** The notice of this id was sent, or there is nobody to send it to. */
  | { kind: "told"; id: string }
);
export type EventOf<Kind extends OutageEvent["kind"]> = Extract<OutageEvent, { kind: Kind }>;

/** What is to be done now, by the one whose event brought it about. */
export type Effect = (typeof tellEffects)[NoticeName] | "probeNow" | "countSuspect" | "sendTrial";

/** A `tell` effect says that a notice was added to the state's `untold`: whoever sends notices need not wait. */
export const tellEffects = {
  opened: "tellOpened",
  half: "tellHalf",
  "80": "tell80",
  "95": "tell95",
  closed: "tellClosed",
} as const satisfies Record<NoticeName, string>;
