import type { WorkspaceConfig } from "../config/schema.ts";
import { drainForecastSeconds } from "../core/drain-forecast.ts";
import { backlogOf, ratesBetween } from "../core/flow.ts";
import { expiryRemainingMs, lagMs } from "../core/lag.ts";
import { flowSampleOf, type WorkspaceView } from "./gauges-snapshot.ts";
import type { OutageStateName } from "./gauges-outage.ts";
import type { SourceFault } from "./source-faults.ts";

/** How a workspace does, in the numbers of the gauges: what `relay status` and the status page show. */
export interface WorkspaceOverview {
  state: OutageStateName;
  /** Why events are held now (a HoldReason). */
  reason?: string | undefined;
  /** Since when an outage is open (UNIX ms). */
  outageSinceMs?: number | undefined;
  /** When the settings endpoint last knew the key (UNIX ms). */
  keyVerifiedMs?: number | undefined;
  /** Age of the oldest event that is not delivered; 0: there is none. */
  lagSeconds: number;
  /** `remainingSeconds`: until the oldest held event has waited so long; undefined: none is held; below 0: it has. */
  expiry: { afterSeconds: number; then: WorkspaceConfig["expiry"]["then"]; remainingSeconds?: number | undefined };
  /** All that is still to be delivered, held ones too; of files that are not read yet: estimated. */
  backlogEvents: number;
  /** Until the backlog is gone, if all goes on as now; Infinity: it does not shrink; undefined: nobody knows yet. */
  drainForecastSeconds?: number | undefined;
  rate: { deliveredPerSecond: number; allowedPerSecond: number };
  spool: { bytes: number; budgetBytes: number };
  /** Sources that cannot be listed or read now. */
  sourceFaults: readonly SourceFault[];
}

export const overviewOf = (view: WorkspaceView, settings: WorkspaceConfig, nowMs: number): WorkspaceOverview => {
  const { status, samples, outage, oldestHeldMs } = view;
  const [first, last] = [samples.at(0), samples.at(-1)];
  const rates = first && last && ratesBetween(first, last);
  const backlogEvents = backlogOf(flowSampleOf(view, nowMs));
  const { afterMs, then } = settings.expiry;
  const remainingMs = oldestHeldMs === undefined ? undefined : expiryRemainingMs({ afterMs, oldestHeldMs }, nowMs);
  return {
    state: outage.state,
    reason: outage.reason,
    outageSinceMs: outage.openedMs,
    keyVerifiedMs: outage.lastVerifiedMs,
    lagSeconds: lagMs(view.oldestMs, nowMs) / 1_000,
    expiry: { afterSeconds: afterMs / 1_000, then, remainingSeconds: remainingMs && remainingMs / 1_000 },
    backlogEvents,
    // With the first sample alone nobody knows how fast a backlog becomes less.
    drainForecastSeconds:
      rates || backlogEvents === 0
        ? drainForecastSeconds({
            backlogEvents,
            deliveredPerSecond: rates?.delivered ?? 0,
            shrinkingPerSecond: rates?.shrinking ?? 0,
          })
        : undefined,
    rate: { deliveredPerSecond: rates?.delivered ?? 0, allowedPerSecond: settings.segment.eventsPerSecond },
    spool: { bytes: status.spoolBytes, budgetBytes: settings.spoolBudget },
    sourceFaults: view.sourceFaults.filter(({ connector }) => Object.hasOwn(settings.connectors, connector)),
  };
};
