import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";

/** A delivery was refused: only a delivery can show that this is over. */
export type RefusedReason = Extract<
  HoldReason,
  "unauthorized" | "forbidden" | "not-found" | "oauth-refused" | "everything-refused"
>;
/** What can be wrong with the credentials. */
export type TroubleReason = Exclude<HoldReason, "operator">;

/** Whether it was a delivery that was refused. */
export const isRefusal = (reason: TroubleReason): reason is RefusedReason =>
  reason !== "unverified" && reason !== "unknown-write-key";

export interface Trouble {
  reason: TroubleReason;
  sinceMs: number;
}

/** What the contact is told of one outage: that it opened, how much of the expiry window is used, that it closed. */
export const noticeNames = ["opened", "half", "80", "95", "closed"] as const;
export type NoticeName = (typeof noticeNames)[number];

/** A message to the contact. `id` is the same whoever sends it, and however often. */
export interface Notice {
  id: string;
  name: NoticeName;
  reason: HoldReason;
  openedMs: number;
  atMs: number;
}

/** One outage, from the first held event to the end of its replay. */
export interface Outage {
  openedMs: number;
  /** Why it opened; the present reason is {@link holdReasonOf}'s to say. */
  reason: HoldReason;
  /** Which notices were given, each at most once. */
  told: readonly NoticeName[];
}

/** Events accepted with a 200 in this time may be lost: the key was unknown at its end, and known at its start. */
export interface SuspectWindow {
  fromMs: number;
  toMs: number;
}

/** What every state carries. All times are UNIX ms. */
export interface Facts {
  /** The fingerprint of the credentials that the state speaks of; "" before there were any. */
  keyFingerprint: string;
  /** Since when the state has its kind. */
  sinceMs: number;
  /** When the settings endpoint was last asked and knew the key; undefined when it never did, or no longer does. */
  lastVerifiedMs?: number | undefined;
  /** The latest suspect window. */
  suspect?: SuspectWindow | undefined;
  /** Notices that nobody has sent yet, oldest first. */
  untold: readonly Notice[];
}

/** Half-open: one batch at a time is tried, until one is delivered. `takenUntilMs`: someone is trying. */
export interface Trial {
  reason: RefusedReason;
  takenUntilMs?: number | undefined;
}

export type Unverified = Facts & { kind: "unverified" };
export type Flowing = Facts & { kind: "flowing" };
/** Holds while there is trouble or an operator's word, at least one of them. */
export type Holding = Facts & { kind: "holding"; outage: Outage; trouble?: Trouble | undefined; operator: boolean };
/** Without an outage: dead letters were found while flowing (a straggler, or an archive that is replayed). */
export type Replaying = Facts & { kind: "replaying"; outage?: Outage | undefined; trial?: Trial | undefined };
export type OutageState = Unverified | Flowing | Holding | Replaying;

export const firstOutageState: OutageState = { kind: "unverified", keyFingerprint: "", sinceMs: 0, untold: [] };

/** "one": only whoever is granted the trial (event `trialTaken`, effect `sendTrial`). */
export type Sending = "yes" | "one" | "no";

/** What may be sent with the credentials `keyFingerprint`; nothing, when the state speaks of other ones. */
export const maySend = (state: OutageState, keyFingerprint: string): Sending => {
  if (keyFingerprint !== state.keyFingerprint) return "no";
  switch (state.kind) {
    case "unverified":
    case "holding":
      return "no";
    case "flowing":
      return "yes";
    case "replaying":
      return state.trial ? "one" : "yes";
    default:
      return state satisfies never;
  }
};

/** Why batches go to the dead letters; undefined: they do not (while unverified they wait where they are). */
export const holdReasonOf = (state: OutageState): HoldReason | undefined => {
  switch (state.kind) {
    case "unverified":
    case "flowing":
      return undefined;
    case "holding":
      return state.operator ? "operator" : state.trouble?.reason;
    case "replaying":
      return state.trial?.reason;
    default:
      return state satisfies never;
  }
};

/** The outage that is open, if one is. */
export const openOutage = (state: OutageState): Outage | undefined =>
  state.kind === "holding" || state.kind === "replaying" ? state.outage : undefined;
