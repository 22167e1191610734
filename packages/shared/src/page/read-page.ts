import type { Redis } from "ioredis";
import type { RelayConfig } from "../config/schema.ts";
import type { QuarantineJob } from "../contracts/jobs.ts";
import type { FlowSample } from "../core/flow.ts";
import { openWorkspaceQueues } from "../queues/workspace-queues.ts";
import { readSnapshot } from "../stage/gauges-shared.ts";
import { flowSampleOf, readableNow } from "../stage/gauges-snapshot.ts";
import { overviewOf } from "../stage/overview.ts";
import { type PageStanding, type PageView, pageView, type QuarantineGroup } from "./page-view.ts";

export interface ReadPageOptions {
  redis: Redis;
  config: () => RelayConfig;
  now: () => number;
}

/** So many entries of a quarantine are looked at, oldest first. */
const entriesLookedAt = 100;
const knownForMs = 10_000;

/** Reads what the page shows; what was read before gives the rates. */
export const pageReader = ({ redis, config, now }: ReadPageOptions): (() => Promise<PageView>) => {
  let samples: ReadonlyMap<string, FlowSample> = new Map();
  const quarantines = quarantineReader(redis, now);
  return async () => {
    const current = config();
    const [before, nowMs] = [await readSnapshot(redis), now()];
    const workers = before?.workers ?? { ingest: 0, transform: 0, deliver: 0 };
    const { snapshot, unreadable } = await readableNow({ redis, config: current, workers, before, nowMs });
    const standings = Object.entries(current.workspaces).flatMap(([name, settings]): PageStanding[] => {
      const view = snapshot.workspaces[name];
      if (!view) return [];
      const [overview, sample] = [overviewOf(view, settings, nowMs), flowSampleOf(view, nowMs)];
      return [{ view, settings, overview, sample, before: samples.get(name) }];
    });
    samples = new Map(standings.map(({ view, sample }) => [view.status.workspace, sample]));
    const quarantine = await Promise.all(
      standings.map(({ view: { status } }) => quarantines(status.workspace, status.waiting.quarantined)),
    );
    return pageView({ standings, unreadable, quarantine: quarantine.flat(), redis: snapshot.redis, atMs: nowMs });
  };
};

/** Groups of a workspace's quarantine; read again when its count has changed, and now and then: what nobody could read has no count. */
const quarantineReader = (redis: Redis, now: () => number) => {
  const known = new Map<string, { events: number; atMs: number; groups: QuarantineGroup[] }>();
  return async (workspace: string, events: number): Promise<QuarantineGroup[]> => {
    const before = known.get(workspace);
    if (before?.events === events && now() - before.atMs < knownForMs) return before.groups;
    const queues = openWorkspaceQueues(redis, workspace);
    try {
      const jobs = await queues.open("quarantine").getJobs(["waiting", "delayed"], 0, entriesLookedAt - 1, true);
      // Our own jobs; one that was removed meanwhile is not there.
      const entries = jobs.flatMap((job) => (job?.data ? [job.data as QuarantineJob] : []));
      const groups = groupsOf(workspace, entries);
      known.set(workspace, { events, atMs: now(), groups });
      return groups;
    } finally {
      await queues.close();
    }
  };
};

const groupsOf = (workspace: string, entries: readonly QuarantineJob[]): QuarantineGroup[] =>
  [...Map.groupBy(entries, ({ reason }) => reason)].flatMap(([reason, group]) => {
    const [first] = group;
    if (!first) return [];
    const { detail, eventType, eventId, origin } = first;
    return {
      workspace,
      reason,
      events: group.reduce((sum, { events }) => sum + events, 0),
      entries: group.length,
      isPartial: entries.length === entriesLookedAt,
      example: { detail, eventType, eventId, uri: origin.uri, offset: origin.blockOffset },
    };
  });
