import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { Clearance } from "./core/outage-clearance.ts";
import type { Verdict } from "./core/verdict.ts";

/** What one batch may do. `trial`: it is the one on which it depends whether the others follow. */
export type Pass = { kind: "send"; trial: boolean } | { kind: "hold"; reason: HoldReason } | { kind: "wait" };

/** Where every batch asks before it is sent, and says what came of it. */
export interface OutageGate {
  /** What the batch may expect; takes nothing. */
  look: () => Clearance;
  /** To be asked right before sending. While flowing it costs nothing; a trial is taken, and has to be settled. */
  pass: () => Promise<Pass>;
  /** Reports a refusal, and what came of a trial; notes when Segment refuses everything. `calls`: how many were sent. */
  settle: (pass: { trial: boolean }, verdict: Verdict, calls: number) => Promise<void>;
  /** Gives a trial back that was not sent after all. */
  giveBack: (pass: { trial: boolean }) => Promise<void>;
}
