import type { HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import {
  holdReasonOf,
  type Notice,
  type NoticeName,
  openOutage,
  type OutageState,
  type SuspectWindow,
} from "./outage-state.ts";

/** What happens to an event that was held for as long as it may be. */
export type ExpiryPolicy = "keep" | "archive" | "drop";

export type NoticeEvent =
  | { event: "outage.opened" }
  /** So much of the time for which events may be held is used. */
  | { event: "outage.window"; percent: 50 | 80 | 95 }
  | { event: "outage.closed" };

/** Where the outage stands now: by the time that a notice can be sent it may be over. */
export type OutagePhase = "holding" | "replaying" | "closed";

export interface NoticeConnector {
  name: string;
  contact: string | undefined;
}

/** All that one notice says, whoever it is sent to. All times are UNIX ms. */
export type NoticeMessage = NoticeEvent & {
  /** The same for every copy and every try, and never for another notice, of whatever workspace. */
  id: string;
  /** The same for all notices of one outage. */
  outageId: string;
  workspace: string;
  connectors: readonly NoticeConnector[];
  /** Why the events are held now; once they are not, why the outage opened. */
  reason: HoldReason;
  openedAtMs: number;
  /** When the notice fell due. */
  atMs: number;
  /** When the following were looked at. */
  asOfMs: number;
  phase: OutagePhase;
  heldEvents: number;
  /** When the oldest held event expires; undefined when none is held. */
  expiresAtMs: number | undefined;
  expiryAfterMs: number;
  expiryThen: ExpiryPolicy;
  /** Events accepted in this time, right before the outage was noticed, may be lost. */
  suspect: (SuspectWindow & { events: number }) | undefined;
};

/** What is known when a notice is sent. */
export interface NoticeContext {
  workspace: string;
  connectors: readonly NoticeConnector[];
  state: OutageState;
  held: { events: number; oldestHeldMs: number | undefined; suspectEvents: number };
  expiry: { afterMs: number; then: ExpiryPolicy };
  nowMs: number;
}

const eventOf: Readonly<Record<NoticeName, NoticeEvent>> = {
  opened: { event: "outage.opened" },
  half: { event: "outage.window", percent: 50 },
  "80": { event: "outage.window", percent: 80 },
  "95": { event: "outage.window", percent: 95 },
  closed: { event: "outage.closed" },
};

/** A late "closed" may be sent while the next outage, with a window of its own, is already open. */
const suspectOf = ({ name, openedMs, atMs }: Notice, { suspect }: OutageState): SuspectWindow | undefined =>
  suspect && suspect.toMs >= openedMs && (name !== "closed" || suspect.toMs <= atMs) ? suspect : undefined;

const phaseOf = ({ name, openedMs }: Notice, state: OutageState): OutagePhase => {
  if (name === "closed" || openOutage(state)?.openedMs !== openedMs) return "closed";
  return state.kind === "holding" ? "holding" : "replaying";
};

export const noticeMessage = (notice: Notice, context: NoticeContext): NoticeMessage => {
  const { workspace, connectors, state, held, expiry, nowMs } = context;
  const { name, openedMs, atMs, reason } = notice;
  const outageId = `${workspace}-${openedMs}`;
  const phase = phaseOf(notice, state);
  const suspect = suspectOf(notice, state);
  return {
    ...eventOf[name],
    id: `${outageId}-${name}`,
    outageId,
    workspace,
    connectors,
    reason: phase === "closed" ? reason : (holdReasonOf(state) ?? reason),
    openedAtMs: openedMs,
    atMs,
    asOfMs: nowMs,
    phase,
    heldEvents: held.events,
    expiresAtMs: held.oldestHeldMs === undefined ? undefined : held.oldestHeldMs + expiry.afterMs,
    expiryAfterMs: expiry.afterMs,
    expiryThen: expiry.then,
    suspect: suspect && { ...suspect, events: held.suspectEvents },
  };
};
