import { chunkOfBatch } from "@currents-relay/shared/core/ids.ts";
import { noteBatches } from "@currents-relay/shared/queues/batch-notes.ts";
import type { Spool } from "@currents-relay/shared/spool/spool.ts";
import type { Redis } from "ioredis";

/**
 * A spool for batches, whose entries are put for one chunk at a time: with the payloads goes the note of them
 * (batch-notes.ts), so that both are there before a batch has a job.
 */
export const notingSpool = (redis: Redis, workspace: string, spool: Spool): Spool => ({
  ...spool,
  put: async (entries) => {
    const batches = entries.map(({ id }) => id);
    const [first] = batches;
    const noted = first && noteBatches(redis, workspace, { chunk: chunkOfBatch(first), batches });
    const [put] = await Promise.all([spool.put(entries), noted]);
    // A kill before this leaves a note, or payloads, without a job: the chunk runs again, or the sweeper takes them.
    return put;
  },
});
