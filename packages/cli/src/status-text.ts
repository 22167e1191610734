import { durationText } from "@currents-relay/shared/core/duration-text.ts";
import type { Unreadable } from "@currents-relay/shared/stage/gauges-snapshot.ts";
import { byUrgency, type Standing, wrongWith, wrongWithUnreadable } from "@currents-relay/shared/stage/standing.ts";
import { conservationOf, summarise } from "@currents-relay/shared/stage/status.ts";
import { formatCount, table } from "./output.ts";

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

/** One line a workspace, the most urgent first; then what is wrong, and what to do. */
export const statusForPeople = (
  { standings, unreadable }: { standings: readonly Standing[]; unreadable: readonly Unreadable[] },
  nowMs: number,
): string => {
  const sorted = standings.toSorted(byUrgency);
  const head = Object.keys(columns);
  const rows = sorted.map((standing) => Object.values(columns).map((column) => column(standing)));
  const numbers = head.map((_, column) => column).slice(2);
  const wrong = [
    ...unreadable.map((one) => `${one.workspace}: ${wrongWithUnreadable(one)}`),
    ...sorted.flatMap((standing) =>
      wrongWith(standing, nowMs).map((line) => `${standing.view.status.workspace}: ${line}`),
    ),
  ];
  const differences = sorted.flatMap(({ view: { status } }) =>
    conservationOf(status).differences.map((difference) => `${status.workspace}: ${difference}`),
  );
  const doubt = differences.length > 0 ? ["", "Counted a moment apart while events move, or a bug where none do:"] : [];
  return [table([head, ...rows], numbers), ...(wrong.length > 0 ? ["", ...wrong] : []), ...doubt, ...differences].join(
    "\n",
  );
};
