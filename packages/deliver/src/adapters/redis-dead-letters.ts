import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { noneIfDamaged } from "@currents-relay/shared/core/damaged-payload.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { jobKey, keyPrefix, queueName } from "@currents-relay/shared/core/keys.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import type { Redis } from "ioredis";
import type { DeadLetters } from "../dead-letters.ts";

/** The dead letters of one workspace: a queue of references, in the order in which they were held. */
export const redisDeadLetters = (
  redis: Redis,
  workspace: string,
  { spool, queues }: Pick<WorkspaceTools, "spool" | "queues">,
  now: () => number = Date.now,
): DeadLetters => ({
  hold: async ({ id, data }, heldFor) => {
    const job: DeadLetterJob = { ...data, heldAtMs: now(), heldFor };
    await queues.add("deadletter", [{ id, data: job }]);
    // A kill here: the deliver job runs again, finds its dead letter there, and moves the payload.
    await spool.move(id, "deliver", "deadletter");
    // A kill here: the deliver job runs again and finds both done. The sweeper has the payload shrunk.
    // A damaged one is held as it is: who is to send it one day sets it aside.
    await spool.shrink(id, "deadletter").catch(noneIfDamaged);
  },

  oldestHeldMs: async () => {
    const queue = `${keyPrefix}:${queueName("deadletter", workspace)}`;
    // BullMQ takes from the right end of both lists. One in hand is at least as old as all that wait.
    const [active, waiting] = await Promise.all([
      redis.lindex(`${queue}:active`, -1),
      redis.lindex(`${queue}:wait`, -1),
    ]);
    const id = active ?? waiting;
    if (id === null) return undefined;
    const data = await redis.hget(jobKey("deadletter", workspace, id as JobId), "data"); // BullMQ lists job ids
    // Written by hold above; gone when the job ended between the two reads.
    return data === null ? undefined : (JSON.parse(data) as DeadLetterJob).heldAtMs;
  },
});
