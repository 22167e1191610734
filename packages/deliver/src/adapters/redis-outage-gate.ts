import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import { type Clearance, clearanceOf } from "../core/outage-clearance.ts";
import type { Verdict } from "../core/verdict.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

/** What one batch may do. `trial`: it is the one on which it depends whether the others follow. */
export type Pass = { kind: "send"; trial: boolean } | { kind: "hold"; reason: HoldReason } | { kind: "wait" };

/** Where every batch asks before it is sent, and says what came of it. */
export interface OutageGate {
  /** What the batch may expect; takes nothing. */
  look(): Clearance;
  /** To be asked right before sending. While flowing it costs nothing; a trial is taken, and has to be settled. */
  pass(): Promise<Pass>;
  /** Reports a refusal, and what came of a trial; nothing to do otherwise. */
  settle(pass: { trial: boolean }, verdict: Verdict): Promise<void>;
  /** Gives a trial back that was not sent after all. */
  giveBack(pass: { trial: boolean }): Promise<void>;
}

export interface OutageGateOptions {
  outage: Pick<OutageWatch, "state" | "report">;
  keyFingerprint: string;
  isCurrent: () => boolean;
  /** The longest that a request may take; with OAuth there are two. */
  requestTimeoutMs: number;
  /** UNIX ms. */
  now: () => number;
}

/** After this and the requests' time another batch may try: whoever took the trial is gone. */
const marginMs = 5_000;

export const outageGate = (options: OutageGateOptions): OutageGate => {
  const { outage, keyFingerprint, now } = options;
  const forMs = 2 * options.requestTimeoutMs + marginMs;
  const look = () => clearanceOf(outage.state(), { keyFingerprint, isCurrent: options.isCurrent() });

  const giveBack = async ({ trial }: { trial: boolean }) => {
    if (trial) await outage.report({ kind: "trialReturned", keyFingerprint, atMs: now() });
  };

  return {
    look,
    giveBack,

    pass: async () => {
      const clearance = look();
      if (clearance.kind === "send") return { kind: "send", trial: false };
      if (clearance.kind !== "try") return clearance;
      const { effects } = await outage.report({ kind: "trialTaken", forMs, keyFingerprint, atMs: now() });
      if (effects.includes("sendTrial")) return { kind: "send", trial: true };
      return { kind: "hold", reason: clearance.otherwise };
    },

    settle: async (pass, verdict) => {
      switch (verdict.kind) {
        case "delivered":
          if (pass.trial) await outage.report({ kind: "delivered", keyFingerprint, atMs: now() });
          return;
        case "outage":
          await outage.report({ kind: "refused", reason: verdict.reason, keyFingerprint, atMs: now() });
          return;
        case "split":
        case "wait":
          return giveBack(pass);
        default:
          return verdict satisfies never;
      }
    },
  };
};
