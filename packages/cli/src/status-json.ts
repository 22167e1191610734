import { conservationOf, summarise } from "@currents-relay/shared/stage/status.ts";
import type { Standing } from "@currents-relay/shared/stage/standing.ts";

/** A JSON number, or null where there is none: nobody knows, or (a forecast) never. */
const orNull = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** One workspace of `relay status --json`: a contract. Units end the names; what does not apply is null. */
export const statusForScripts = ({ view: { status }, overview }: Standing) => ({
  ...status,
  ...summarise([status]),
  conservation: conservationOf(status),
  state: overview.state,
  holdReason: overview.reason ?? null,
  outageSince: isoOrNull(overview.outageSinceMs),
  keyVerifiedAt: isoOrNull(overview.keyVerifiedMs),
  lagSeconds: overview.lagSeconds,
  expiry: { ...overview.expiry, remainingSeconds: orNull(overview.expiry.remainingSeconds) },
  backlogEvents: overview.backlogEvents,
  drainForecastSeconds: orNull(overview.drainForecastSeconds),
  rate: overview.rate,
  spoolBudgetBytes: overview.spool.budgetBytes,
  sourceFaults: overview.sourceFaults.map(({ connector, why, sinceMs }) => ({
    connector,
    why,
    since: isoOrNull(sinceMs),
  })),
});
