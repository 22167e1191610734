import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { type HoldReason, holdReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { durationText } from "@currents-relay/shared/core/duration-text.ts";
import type { WorkspaceView } from "@currents-relay/shared/stage/gauges-snapshot.ts";
import type { WorkspaceOverview } from "@currents-relay/shared/stage/overview.ts";
import type { OutageStateName } from "@currents-relay/shared/stage/gauges-outage.ts";
import { conservationOf, summarise } from "@currents-relay/shared/stage/status.ts";
import { counted, formatCount, table } from "./output.ts";

/** Where one workspace stands. */
export interface Standing {
  view: WorkspaceView;
  settings: WorkspaceConfig;
  overview: WorkspaceOverview;
}

const columns = {
  workspace: ({ view }) => view.status.workspace,
  state: ({ overview }) => overview.state,
  lag: ({ overview }) => durationText(overview.lagSeconds),
  waiting: ({ overview, view }) => formatCount(overview.backlogEvents - view.status.waiting.held),
  held: ({ view }) => formatCount(view.status.waiting.held),
  "expires in": ({ overview: { expiry } }) =>
    expiry.remainingSeconds === undefined ? "-" : durationText(expiry.remainingSeconds),
  "drained in": ({ overview: { drainForecastSeconds: seconds } }) =>
    seconds === undefined ? "?" : durationText(seconds),
  "events/s": ({ overview: { rate } }) =>
    `${formatCount(rate.deliveredPerSecond)} of ${formatCount(rate.allowedPerSecond)}`,
  "events in": ({ view }) => formatCount(summarise([view.status]).events.in),
  delivered: ({ view }) => formatCount(summarise([view.status]).events.delivered),
  dropped: ({ view }) => formatCount(sumOf(summarise([view.status]).events.dropped)),
  quarantine: ({ view }) => formatCount(view.status.waiting.quarantined),
  "adds up": ({ view }) => (conservationOf(view.status).holds ? "yes" : "no"),
} as const satisfies Record<string, (standing: Standing) => string>;

const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);

/** What is wrong with one workspace and what to do, a line each; none where nobody need act. */
const wrongWith = ({ view: { status }, overview }: Standing, nowMs: number): string[] => {
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
      `${counted(status.suspect.events, "event")} may have been thrown away by Segment: relay resend --suspect --dry-run`,
    );
  if (spool.bytes > spool.budgetBytes) lines.push("spoolBudget is used up: new files wait in the source.");
  if (status.waiting.quarantined > 0)
    lines.push(`${counted(status.waiting.quarantined, "event")} in quarantine: relay dlq list --queue quarantine`);
  return lines;
};

const longAway = Number.MAX_SAFE_INTEGER;

/** Who needs somebody first: those that hold, the shorter their time the earlier, then by lag. */
const byUrgency = ({ overview: a }: Standing, { overview: b }: Standing): number =>
  (a.expiry.remainingSeconds ?? longAway) - (b.expiry.remainingSeconds ?? longAway) || b.lagSeconds - a.lagSeconds;

/** One line a workspace, the most urgent first; then what is wrong, and what to do. */
export const statusForPeople = (standings: readonly Standing[], nowMs: number): string => {
  const sorted = standings.toSorted(byUrgency);
  const head = Object.keys(columns);
  const rows = sorted.map((standing) => Object.values(columns).map((column) => column(standing)));
  const numbers = head.map((_, column) => column).slice(2);
  const wrong = sorted.flatMap((standing) =>
    wrongWith(standing, nowMs).map((line) => `${standing.view.status.workspace}: ${line}`),
  );
  const differences = sorted.flatMap(({ view: { status } }) =>
    conservationOf(status).differences.map((difference) => `${status.workspace}: ${difference}`),
  );
  const doubt = differences.length > 0 ? ["", "Counted a moment apart while events move, or a bug where none do:"] : [];
  return [table([head, ...rows], numbers), ...(wrong.length > 0 ? ["", ...wrong] : []), ...doubt, ...differences].join(
    "\n",
  );
};
