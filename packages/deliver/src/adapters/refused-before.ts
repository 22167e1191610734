import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import { jobKey } from "@currents-relay/shared/core/keys.ts";
import { ownersOf } from "@currents-relay/shared/spool/owners.ts";
import type { Redis } from "ioredis";
import { tracesOfRefusal } from "../core/parcels.ts";
import type { EndingRefusedPorts } from "../ending-refused.ts";

/** Looks for the jobs that a refused batch became, waiting or done, in whatever queue they are now. */
export const refusedBefore =
  (redis: Redis, workspace: string): EndingRefusedPorts<DeliverJob>["refusedBefore"] =>
  async (id) => {
    const traces = tracesOfRefusal(id);
    const found = await Promise.all(
      traces.map(([trace]) => redis.exists(...ownersOf(trace).map((kind) => jobKey(kind, workspace, trace)))),
    );
    return traces.find((_, index) => (found[index] ?? 0) > 0)?.[1];
  };
