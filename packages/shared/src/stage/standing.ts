import type { WorkspaceConfig } from "../config/schema.ts";
import { type HoldReason, holdReasons } from "../contracts/reasons.ts";
import { countedText } from "../core/count-text.ts";
import { durationText } from "../core/duration-text.ts";
import type { OutageStateName } from "./gauges-outage.ts";
import type { Unreadable, WorkspaceView } from "./gauges-snapshot.ts";
import type { WorkspaceStatus } from "./status.ts";
import type { WorkspaceOverview } from "./overview.ts";

/** Where one workspace stands. */
export interface Standing {
  view: WorkspaceView;
  settings: WorkspaceConfig;
  overview: WorkspaceOverview;
}

/** What is wrong with one workspace and what to do, a line each; none where nobody need act. */
export const wrongWith = ({ view: { status }, overview }: Standing, nowMs: number): string[] => {
  const { state, reason, outageSinceMs, expiry, spool, sourceFaults } = overview;
  const since = outageSinceMs === undefined ? "" : ` for ${durationText((nowMs - outageSinceMs) / 1_000)}`;
  // Stored by the deliver stage: one of its words.
  const why = reason === undefined ? "" : ` (${holdReasons[reason as HoldReason] ?? reason})`;
  const ends = { keep: "stay held", archive: "are archived", drop: "are DROPPED" }[expiry.then];
  const ofState: Record<OutageStateName, string[]> = {
    holding: [
      `held${since}${why}. ${reason === "operator" ? "To go on: relay resume" : "Mend the credentials; the replay starts by itself"}.`,
    ],
    unverified: ["the write key is not verified yet, so nothing is sent: relay check --verify says why."],
    replaying: [],
    flowing: [],
  };
  const lines = ofState[state];
  if (expiry.remainingSeconds !== undefined && expiry.remainingSeconds < expiry.afterSeconds / 2)
    lines.push(
      `the oldest held events ${ends} ${expiry.remainingSeconds < 0 ? "now" : `in ${durationText(expiry.remainingSeconds)}`}; expiry.after can be raised.`,
    );
  for (const fault of sourceFaults)
    lines.push(`${fault.connector}, for ${durationText((nowMs - fault.sinceMs) / 1_000)}: ${fault.why}`);
  if (status.suspect.events > 0)
    lines.push(
      `${countedText(status.suspect.events, "event")} may have been thrown away by Segment: relay resend --suspect --dry-run`,
    );
  if (spool.bytes > spool.budgetBytes) lines.push("spoolBudget is used up: new files wait in the source.");
  if (status.quarantineEntries > 0)
    lines.push(`${quarantineText(status)} in quarantine: relay dlq list --queue quarantine`);
  return lines;
};

/** What is wrong with a workspace of which nothing can be shown, and what to do. */
export const wrongWithUnreadable = ({ why }: Unreadable): string =>
  `what Redis has of it cannot be read (${why}), and it may not be sent: see workspace.not-open in the RUNBOOK.`;

/** What could not be read has no events to count, and waits for somebody all the same. */
const quarantineText = ({ waiting: { quarantined }, quarantineEntries }: WorkspaceStatus): string =>
  quarantined > 0
    ? countedText(quarantined, "event")
    : `${countedText(quarantineEntries, "place")} of files that could not be read`;

const longAway = Number.MAX_SAFE_INTEGER;

/** Who needs somebody first: those that hold, the shorter their time the earlier, then by lag. */
export const byUrgency = ({ overview: a }: Standing, { overview: b }: Standing): number =>
  (a.expiry.remainingSeconds ?? longAway) - (b.expiry.remainingSeconds ?? longAway) || b.lagSeconds - a.lagSeconds;
