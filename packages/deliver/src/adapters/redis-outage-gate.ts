import { clearanceOf } from "../core/outage-clearance.ts";
import type { OutageGate } from "../outage-gate.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

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
          // Not thrown: the batch would be sent again for it. The trial is free again after its time, and another follows.
          if (pass.trial)
            await outage.report({ kind: "delivered", keyFingerprint, atMs: now() }).catch(() => undefined);
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
