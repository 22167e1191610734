import type { QuarantineReason } from "../contracts/reasons.ts";
import { type CountingStage, countingStages } from "../contracts/tally.ts";
import { type FlowSample, ratesBetween } from "../core/flow.ts";
import type { Unreadable } from "../stage/gauges-snapshot.ts";
import { byUrgency, type Standing, wrongWith } from "../stage/standing.ts";

/** What was set aside for one reason, without any content of an event. */
export interface QuarantineGroup {
  workspace: string;
  reason: QuarantineReason;
  /** Events and entries of those that were looked at. */
  events: number;
  entries: number;
  /** More entries wait than were looked at. */
  isPartial: boolean;
  example: {
    detail: string;
    eventType?: string | undefined;
    eventId?: string | undefined;
    uri: string;
    offset: number;
  };
}

/** One workspace at a moment, and its flow a moment before. */
export interface PageStanding extends Standing {
  sample: FlowSample;
  before: FlowSample | undefined;
}

export interface PageWorkspace extends Pick<Standing, "view" | "overview"> {
  name: string;
  /** Events a second. */
  delivered: number;
  /** What is wrong, and what to do. */
  wrong: readonly string[];
}

/** All that the page shows. Rates are events a second. */
export interface PageView {
  /** UNIX ms. */
  atMs: number;
  stages: Record<CountingStage, { rate: number; waiting: number }>;
  delivered: number;
  held: number;
  quarantined: number;
  workspaces: readonly PageWorkspace[];
  unreadable: readonly Unreadable[];
  quarantine: readonly QuarantineGroup[];
  redis: { memoryBytes: number; limitBytes: number };
}

interface Read {
  standings: readonly PageStanding[];
  unreadable: readonly Unreadable[];
  quarantine: readonly QuarantineGroup[];
  redis: PageView["redis"];
  atMs: number;
}

export const pageView = ({ standings, unreadable, quarantine, redis, atMs }: Read): PageView => {
  const rates = new Map(standings.map(({ view, before, sample }) => [view, before && ratesBetween(before, sample)]));
  const sum = (value: (standing: PageStanding) => number) => standings.reduce((total, one) => total + value(one), 0);
  const deliveredOf = ({ view, overview }: PageStanding) =>
    rates.get(view)?.delivered ?? overview.rate.deliveredPerSecond;
  const stage = (name: CountingStage) => ({
    rate: sum(({ view }) => rates.get(view)?.ended[name] ?? 0),
    waiting: sum(({ sample }) => sample.waiting[name]),
  });
  const [ingest, transform, deliver] = countingStages.map(stage);
  const none = { rate: 0, waiting: 0 };
  return {
    atMs,
    redis,
    quarantine,
    unreadable,
    stages: { ingest: ingest ?? none, transform: transform ?? none, deliver: deliver ?? none },
    delivered: sum(deliveredOf),
    held: sum(({ sample }) => sample.held),
    quarantined: sum(({ view }) => view.status.waiting.quarantined),
    workspaces: standings.toSorted(byUrgency).map((standing) => ({
      name: standing.view.status.workspace,
      view: standing.view,
      overview: standing.overview,
      delivered: deliveredOf(standing),
      wrong: wrongWith(standing, atMs),
    })),
  };
};
