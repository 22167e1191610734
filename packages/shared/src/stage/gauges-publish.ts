import type { Gauge } from "prom-client";
import type { RelayConfig, WorkspaceConfig } from "../config/schema.ts";
import { exportedEventTypes } from "../contracts/event-types.ts";
import { holdReasons, quarantineReasons } from "../contracts/reasons.ts";
import { countingStages } from "../contracts/tally.ts";
import { expiryRemainingMs, lagMs } from "../core/lag.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { flowChecks, sustained } from "./gauges-conservation.ts";
import { outageStateNames } from "./gauges-outage.ts";
import { sampling, type Snapshot, type WorkspaceView } from "./gauges-snapshot.ts";
import { desiredOf } from "./gauges-workers.ts";
import { overviewOf } from "./overview.ts";

/** One workspace as it is shown. */
interface Shown {
  name: string;
  view: WorkspaceView;
  settings: WorkspaceConfig;
  nowMs: number;
}

/** What it returns sets the gauges, when they are next read: hundreds of workspaces are thousands of values. */
export const publishWhenRead = (metrics: Metrics): ((...shown: [RelayConfig, Snapshot, nowMs: number]) => void) => {
  let latest: (() => void) | undefined;
  metrics.scrape.prepare = () => {
    latest?.();
    latest = undefined;
  };
  return (...shown) => (latest = () => publish(metrics, ...shown));
};

/**
 * Sets all gauges from a snapshot, in one go: a scrape sees all of it or nothing of it. What is no longer configured
 * disappears.
 */
const publish = (metrics: Metrics, config: RelayConfig, snapshot: Snapshot, nowMs: number): void => {
  const gauges: Gauge[] = Object.values(metrics.workspace);
  for (const gauge of gauges) gauge.reset();
  for (const [name, settings] of Object.entries(config.workspaces)) {
    const view = snapshot.workspaces[name];
    if (!view) continue;
    const shown = { name, view, settings, nowMs };
    publishFlow(metrics.workspace, shown);
    publishOutage(metrics.workspace, shown);
    publishSetAside(metrics.workspace, shown);
    publishSchemas(metrics.workspace, shown);
  }
  const desired = desiredOf(config, snapshot);
  for (const stage of countingStages) {
    metrics.stage.desiredWorkers.set({ stage }, desired[stage]);
    metrics.stage.workers.set({ stage }, snapshot.workers[stage]);
    metrics.stage.workerCapacity.set({ stage }, Math.round(snapshot.capacity[stage]));
  }
  metrics.redis.memoryBytes.set(snapshot.redis.memoryBytes);
  metrics.redis.memoryLimit.set(snapshot.redis.limitBytes);
};

type Gauges = Metrics["workspace"];

const publishFlow = (gauges: Gauges, { name: workspace, view, settings, nowMs }: Shown): void => {
  const { status, samples } = view;
  const overview = overviewOf(view, settings, nowMs);
  gauges.lag.set({ workspace }, overview.lagSeconds);
  gauges.backlogEvents.set({ workspace, stage: "transform" }, status.waiting.transform);
  gauges.backlogEvents.set({ workspace, stage: "deliver" }, status.waiting.deliver);
  gauges.backlogFiles.set({ workspace }, status.filesWaiting);
  gauges.rateUsed.set({ workspace }, overview.rate.deliveredPerSecond);
  gauges.rateAllowed.set({ workspace }, overview.rate.allowedPerSecond);
  gauges.spoolBytes.set({ workspace }, overview.spool.bytes);
  gauges.spoolBudget.set({ workspace }, overview.spool.budgetBytes);
  if (overview.drainForecastSeconds !== undefined)
    gauges.drainForecast.set({ workspace }, overview.drainForecastSeconds);
  const [first, last] = [samples.at(0), samples.at(-1)];
  const isWindowFull = first && last && last.atMs - first.atMs >= sampling.windowMs;
  for (const check of flowChecks)
    gauges.unaccountedEvents.set(
      { workspace, check },
      isWindowFull ? sustained(samples.map(({ differences }) => differences[check])) : 0,
    );
};

const publishOutage = (gauges: Gauges, { name: workspace, view, settings, nowMs }: Shown): void => {
  const { outage, oldestHeldMs } = view;
  for (const state of outageStateNames) gauges.outageState.set({ workspace, state }, state === outage.state ? 1 : 0);
  gauges.outageAge.set({ workspace }, lagMs(outage.openedMs, nowMs) / 1_000);
  for (const reason of Object.keys(holdReasons))
    gauges.holdReason.set({ workspace, reason }, reason === outage.reason ? 1 : 0);
  if (outage.lastVerifiedMs !== undefined && settings.segment.credentialCheck === "settings")
    gauges.keyVerifiedAge.set({ workspace }, lagMs(outage.lastVerifiedMs, nowMs) / 1_000);
  const { afterMs, then } = settings.expiry;
  gauges.expiryRemaining.set({ workspace }, expiryRemainingMs({ afterMs, oldestHeldMs }, nowMs) / 1_000);
  gauges.expiryWindow.set({ workspace, then }, afterMs / 1_000);
};

const publishSetAside = (gauges: Gauges, { name: workspace, view: { status } }: Shown): void => {
  const { transform, deliver, held, quarantined } = status.waiting;
  const share = (events: number): number =>
    events === 0 ? 0 : Math.round((status.spoolBytes * events) / (transform + deliver + held + quarantined));
  gauges.suspectEvents.set({ workspace }, status.suspect.events);
  gauges.heldEvents.set({ workspace }, held);
  gauges.heldBytes.set({ workspace }, share(held));
  gauges.quarantineEvents.set({ workspace }, quarantined);
  gauges.quarantineBytes.set({ workspace }, share(quarantined));
  for (const reason of Object.keys(quarantineReasons)) {
    const counts = countingStages.map(
      // Built from a label of Tally.
      (stage) => status.tallies[stage][`quarantined:${reason}` as keyof (typeof status.tallies)[typeof stage]] ?? 0,
    );
    gauges.quarantinedEvents.set(
      { workspace, reason },
      counts.reduce((sum, count) => sum + count, 0),
    );
  }
};

const knownTypes = new Set(exportedEventTypes);

/** Types that Braze does not list share one label: a source must not make up labels. */
const publishSchemas = (gauges: Gauges, { name: workspace, view: { schemas } }: Shown): void => {
  const byLabel = new Map<string, { seen: number; changedAtMs: number }>();
  for (const [eventType, { seen, changedAtMs }] of Object.entries(schemas)) {
    const label = knownTypes.has(eventType) ? eventType : "other";
    const known = byLabel.get(label) ?? { seen: 0, changedAtMs: 0 };
    byLabel.set(label, { seen: known.seen + seen, changedAtMs: Math.max(known.changedAtMs, changedAtMs) });
  }
  for (const [event_type, { seen, changedAtMs }] of byLabel) {
    gauges.schemas.set({ workspace, event_type }, seen);
    gauges.schemaChanged.set({ workspace, event_type }, changedAtMs / 1_000);
  }
};
