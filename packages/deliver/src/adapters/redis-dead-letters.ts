import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { noneIfDamaged } from "@currents-relay/shared/core/damaged-payload.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { jobKey, keyPrefix, queueName } from "@currents-relay/shared/core/keys.ts";
import { gathered } from "@currents-relay/shared/runtime/gathered.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import type { Redis } from "ioredis";
import type { DeadLetters } from "../dead-letters.ts";

const oldestScript = luaScript(new URL("./oldest-held.lua", import.meta.url));

/** The id of a workspace's oldest dead letter; null: nothing is held. */
export type OldestHeld = (workspace: string) => Promise<string | null>;

/** One question for all workspaces that look at about the same time: mostly nothing is held anywhere. */
export const gatheredOldestHeld = (redis: Redis): OldestHeld => {
  const look = gathered(async (workspaces: readonly string[]) => {
    const queues = workspaces.map((workspace) => `${keyPrefix}:${queueName("deadletter", workspace)}`);
    const keys = queues.flatMap((queue) => [`${queue}:active`, `${queue}:wait`]);
    return (await oldestScript(redis, keys, [])) as (string | null | [fault: string])[]; // its own answer
  });
  return async (workspace) => {
    const found = await look(workspace);
    if (!Array.isArray(found)) return found;
    throw new Error(`the queue of the dead letters of ${workspace} cannot be read: ${found[0]}`);
  };
};

/** What a workspace's dead letters are kept with. */
type Keeping = Pick<WorkspaceTools, "spool" | "queues"> & { oldestHeld: OldestHeld };

/** The dead letters of one workspace: a queue of references, in the order in which they were held. */
export const redisDeadLetters = (
  redis: Redis,
  workspace: string,
  { spool, queues, oldestHeld }: Keeping,
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
    const id = await oldestHeld(workspace);
    if (id === null) return undefined;
    const data = await redis.hget(jobKey("deadletter", workspace, id as JobId), "data"); // BullMQ lists job ids
    // Written by hold above; gone when the job ended between the two reads.
    return data === null ? undefined : (JSON.parse(data) as DeadLetterJob).heldAtMs;
  },
});
