import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import { holdReasonOf, maySend, type OutageState } from "./outage-state.ts";

/** What may be done with a batch now. */
export type Clearance =
  | { kind: "send" }
  /** Only as the trial, which has to be granted. */
  | { kind: "try"; otherwise: HoldReason }
  /** It goes to, or stays in, the dead letters. */
  | { kind: "hold"; reason: HoldReason }
  /** It stays where it is: a word on the credentials is on its way. */
  | { kind: "wait" };

export interface Sender {
  /** The credentials that the sender would use. */
  keyFingerprint: string;
  /** Whether the last word on them is recent enough. */
  isCurrent: boolean;
}

/** The one place that says whether a batch is sent, held or left waiting. */
export const clearanceOf = (state: OutageState, { keyFingerprint, isCurrent }: Sender): Clearance => {
  const reason = holdReasonOf(state);
  const sending = maySend(state, keyFingerprint);
  if (sending === "no") return reason ? { kind: "hold", reason } : { kind: "wait" };
  if (!isCurrent) return { kind: "wait" };
  return reason ? { kind: "try", otherwise: reason } : { kind: "send" };
};
