import { clearanceOf } from "../core/outage-clearance.ts";
import type { RefusedReason } from "../core/outage-state.ts";
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

/**
 * So many calls in a row, each sent by itself, were refused with none accepted between them: then it is not they that are
 * at fault, and the rest must not follow them into quarantine. A key that is too short to be one is answered like that.
 */
export const refusedInARow = 50;

export const outageGate = (options: OutageGateOptions): OutageGate => {
  const { outage, keyFingerprint, now } = options;
  const forMs = 2 * options.requestTimeoutMs + marginMs;
  let refused = 0;
  const look = () => clearanceOf(outage.state(), { keyFingerprint, isCurrent: options.isCurrent() });

  const giveBack = async ({ trial }: { trial: boolean }) => {
    if (trial) await outage.report({ kind: "trialReturned", keyFingerprint, atMs: now() });
  };

  const refuse = async (reason: RefusedReason) => {
    await outage.report({ kind: "refused", reason, keyFingerprint, atMs: now() });
  };

  /** What was split or set aside: is it one call among others, or all of them? */
  const noteRejected = async (pass: { trial: boolean }, calls: number) => {
    if (calls === 1) refused += 1;
    const state = outage.state();
    const isStillRefused = pass.trial && state.kind === "replaying" && state.trial?.reason === "everything-refused";
    if (!isStillRefused && refused < refusedInARow) return giveBack(pass);
    refused = 0;
    await refuse("everything-refused");
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

    settle: async (pass, verdict, calls) => {
      switch (verdict.kind) {
        case "delivered":
          refused = 0;
          // Not thrown: the batch would be sent again for it. The trial is free again after its time, and another follows.
          if (pass.trial)
            await outage.report({ kind: "delivered", keyFingerprint, atMs: now() }).catch(() => undefined);
          return;
        case "outage":
          return refuse(verdict.reason);
        case "split":
          return noteRejected(pass, calls);
        case "wait":
          return giveBack(pass);
        default:
          return verdict satisfies never;
      }
    },
  };
};
