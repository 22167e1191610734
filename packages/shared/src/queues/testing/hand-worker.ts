import { type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../../contracts/jobs.ts";
import { keyPrefix, queueName } from "../../core/keys.ts";
import type { JobEnd } from "../job-end.ts";

/** Takes jobs and ends them only when told to: each step of a worker's life by hand. */
export interface HandWorker {
  /** The next job, now in hand; undefined when none waits. */
  take(): Promise<Job | undefined>;
  /** BullMQ's record of the end, without what comes after it. */
  complete(job: Job, end: JobEnd): Promise<void>;
  /** To the head of the queue. */
  putBack(job: Job): Promise<void>;
  close(): Promise<void>;
}

const token = "by-hand";

export const handWorker = (redis: Redis, kind: QueueKind, workspace: string): HandWorker => {
  const worker = new Worker(queueName(kind, workspace), null, {
    connection: redis,
    prefix: keyPrefix,
    autorun: false,
    lockDuration: 600_000,
  });
  return {
    take: () => worker.getNextJob(token, { block: false }),
    complete: async (job, end) => {
      await job.moveToCompleted(end, token, false);
    },
    putBack: async (job) => {
      await job.moveToWait(token);
    },
    close: () => worker.close(),
  };
};
