/** What gauges tell of an outage. */
export interface OutageReading {
  state: OutageStateName;
  /** Since when an outage is open (UNIX ms). */
  openedMs?: number | undefined;
  /** Why events are held now; nothing while they are not. */
  reason?: string | undefined;
  /** When the settings endpoint last knew the key (UNIX ms). */
  lastVerifiedMs?: number | undefined;
}

export const outageStateNames = ["unverified", "flowing", "holding", "replaying"] as const;
export type OutageStateName = (typeof outageStateNames)[number];

/** The part of deliver/src/core/outage-state.ts that is told here. */
interface Stored {
  v: number;
  state: {
    kind: OutageStateName;
    lastVerifiedMs?: number;
    operator?: boolean;
    outage?: { openedMs: number };
    trouble?: { reason: string };
    trial?: { reason: string };
  };
}

/** Reads the text under `outageKey`; none yet: unverified. Throws on another version. */
export const outageReading = (text: string | undefined): OutageReading => {
  if (text === undefined) return { state: "unverified" };
  // Our own bytes, versioned: checked by the line below rather than field by field.
  const { v, state } = JSON.parse(text) as Stored;
  if (v !== 1) throw new Error(`outage state version ${v} is not known; update this worker`);
  const reason = state.operator ? "operator" : (state.trouble ?? state.trial)?.reason;
  return { state: state.kind, openedMs: state.outage?.openedMs, reason, lastVerifiedMs: state.lastVerifiedMs };
};
