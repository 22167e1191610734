import type { QueueKind } from "@currents-relay/shared/contracts/jobs.ts";
import { spoolUsageKey } from "@currents-relay/shared/core/keys.ts";
import { waitingField } from "@currents-relay/shared/spool/entry.ts";
import type { Redis } from "ioredis";

/** Not quarantine, which waits for an operator and not for Segment. */
const kinds = ["ingest", "transform", "deliver", "deadletter"] as const satisfies QueueKind[];

/** How many events of a workspace wait in any stage, or are held. */
export const eventsAhead = (redis: Redis, workspace: string) => async (): Promise<number> => {
  const counts = await redis.hmget(spoolUsageKey(workspace), ...kinds.map(waitingField));
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
};
