import type { DropReason, HoldReason, QuarantineReason } from "../contracts/reasons.ts";

/** What became of one item at one stage. Outcomes are values; a throw is a bug or a crash. */
export type Outcome<T> =
  | { kind: "ok"; value: T }
  | { kind: "drop"; reason: DropReason } // by rule; nobody need act
  | { kind: "quarantine"; reason: QuarantineReason; cause: Error } // an engineer looks
  | { kind: "retry"; afterMs: number; cause: Error } // ours to wait for
  | { kind: "hold"; reason: HoldReason }; // the customer acts; costs no attempt

export const ok = <T>(value: T): Outcome<T> => ({ kind: "ok", value });
export const drop = (reason: DropReason): Outcome<never> => ({ kind: "drop", reason });
export const quarantine = (reason: QuarantineReason, cause: Error): Outcome<never> => ({
  kind: "quarantine",
  reason,
  cause,
});
export const retry = (afterMs: number, cause: Error): Outcome<never> => ({ kind: "retry", afterMs, cause });
export const hold = (reason: HoldReason): Outcome<never> => ({ kind: "hold", reason });
