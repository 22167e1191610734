import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { noteSourceFault } from "@currents-relay/shared/stage/source-faults.ts";
import type { Redis } from "ioredis";
import type { RoundReport } from "./lister.ts";

/**
 * Tells all who look (`relay status`) what keeps the source from being listed: a lister's `onRound`. Written when it
 * changes only; of several pods the last word counts.
 */
export const sharedFault = (
  redis: Redis,
  { workspace, connector }: { workspace: string; connector: string },
  log: Logger,
): ((report: RoundReport) => void) => {
  let told: string | null | undefined = null; // nothing was told yet: an earlier process may have left a fault
  return ({ fault }) => {
    const why = fault?.message;
    if (why === told) return;
    noteSourceFault(redis, workspace, { connector, why, nowMs: Date.now() }).then(
      () => (told = why),
      (error: unknown) => log.warn({ err: error, connector }, "source.fault-not-told"), // the next listing tells it
    );
  };
};
