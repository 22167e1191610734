import type { JobId } from "../core/ids.ts";
import { jobKey } from "../core/keys.ts";
import { luaScript } from "../runtime/lua-script.ts";
import type { Redis } from "ioredis";

const noteScript = luaScript(new URL("./note-batches.lua", import.meta.url));
/** A field of the chunk's job, beside BullMQ's own. */
const prefix = "batch:";

/**
 * Writes down, in the chunk's own job, which batches are about to be handed over for it. Those of earlier runs stay. To be
 * done before a batch has a job: what is written down and was never handed over has none, and that can be seen.
 */
export const noteBatches = async (
  redis: Redis,
  workspace: string,
  { chunk, batches }: { chunk: JobId; batches: readonly JobId[] },
): Promise<void> => {
  const fields = batches.flatMap((batch) => [prefix + batch, 1]);
  if (fields.length > 0) await noteScript(redis, [jobKey("transform", workspace, chunk)], fields);
};

/** All batches that runs of the chunk came to, for as long as BullMQ keeps its job. */
export const batchesOf = async (redis: Redis, workspace: string, chunk: JobId): Promise<JobId[]> => {
  const fields = await redis.hkeys(jobKey("transform", workspace, chunk));
  // Noted above, so ids they are.
  const batches = fields
    .filter((field) => field.startsWith(prefix))
    .map((field) => field.slice(prefix.length) as JobId);
  return batches.toSorted();
};
