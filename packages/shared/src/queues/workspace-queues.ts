import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { keyPrefix, queueName } from "../core/keys.ts";
import { sharedBackends } from "./shared-backends.ts";
import { noLimit } from "./stage-worker.ts";

export interface NewJob<Data> {
  id: JobId;
  data: Data;
}

/** The five queues of one workspace, opened when first used. */
export interface WorkspaceQueues {
  workspace: string;
  open: (kind: QueueKind) => Queue;
  /**
   * Adds jobs in order. A job whose id exists, waiting or done, is left as it is: adding twice changes nothing.
   * `first`: ahead of everything that waits (still in the given order).
   */
  add: <Data>(kind: QueueKind, jobs: readonly NewJob<Data>[], place?: "first" | "last") => Promise<void>;
  /**
   * From now on all workers of the queue together have one job in hand: they come to their ends in order. A killed
   * worker's job counts as in hand until it is taken over, and comes first then.
   */
  keepInOrder: (kind: QueueKind) => Promise<void>;
  close: () => Promise<void>;
}

/**
 * Done jobs stay as tombstones so that a re-run of the stage before cannot add them again. 760 bytes each; a day is
 * far beyond any lock or retry, and the count bounds what a flood can leave behind.
 */
const tombstones = { age: 86_400, count: 50_000 };

/** Any priority at all puts a job behind those without one. */
const behindAll = 1;
const isReread = (data: unknown): boolean =>
  typeof data === "object" && data !== null && "reread" in data && data.reread !== undefined;

export const openWorkspaceQueues = (redis: Redis, workspace: string): WorkspaceQueues => {
  const queues = new Map<QueueKind, Queue>();

  const open = (kind: QueueKind): Queue => {
    const known = queues.get(kind);
    if (known) return known;
    const options = {
      connection: redis,
      prefix: keyPrefix,
      // Nobody reads BullMQ's events. Its default of 10,000 of them would cost 668 KB a queue, 100 some 10 KB.
      streams: { events: { maxLen: 0 } },
      defaultJobOptions: {
        attempts: noLimit,
        backoff: { type: "capped" },
        removeOnComplete: tombstones,
        removeOnFail: false,
        stackTraceLimit: 1,
      },
    };
    const queue = new Queue(queueName(kind, workspace), options, sharedBackends(redis, kind));
    // Commands reject by themselves; without a listener the event would end the process.
    queue.on("error", () => undefined);
    queues.set(kind, queue);
    return queue;
  };

  return {
    workspace,
    open,
    add: async (kind, jobs, place = "last") => {
      const ordered = place === "first" ? jobs.toReversed() : jobs;
      const bulk = ordered.map(({ id, data }) => ({
        name: kind,
        data,
        opts: {
          jobId: id,
          ...(place === "first" && { lifo: true }),
          // Dead letters keep the order in which they were held.
          ...(kind !== "deadletter" && isReread(data) && { priority: behindAll }),
        },
      }));
      await open(kind).addBulk(bulk);
    },
    keepInOrder: async (kind) => {
      await open(kind).setGlobalConcurrency(1);
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
};
