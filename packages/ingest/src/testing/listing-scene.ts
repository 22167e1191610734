import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { keyPrefix, queueName } from "@currents-relay/shared/core/keys.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { createLogger, type Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { Redis } from "ioredis";
import { type Lister, type ListerOptions, startLister } from "../adapters/lister.ts";
import { type ListingLedger, redisLedger } from "../adapters/redis-ledger.ts";

/** Listers of one connector on one Redis, each with a connection of its own, as in pods of their own. */
export interface ListingScene {
  ledger: ListingLedger;
  queues: WorkspaceQueues;
  /** What the listers said, as `level message`. */
  log: string[];
  start: (options: Pick<ListerOptions, "source"> & Partial<ListerOptions>) => Lister;
  /**
   * Plays the ingest worker on what waits now: reads nothing, finishes the file, and removes the job, without a tombstone
   * unless one is wanted. Answers with the keys, in the order of the queue.
   */
  work: (end?: "removed" | "tombstone") => Promise<string[]>;
  close: () => Promise<void>;
}

const workspace = "acme";
const connector = "engagement";

export const listingScene = (connect: () => Redis): ListingScene => {
  const redis = connect();
  const queues = openWorkspaceQueues(redis, workspace);
  const ledger = redisLedger(redis, workspace, connector);
  const opened: WorkspaceQueues[] = [queues];
  const listers: Lister[] = [];
  const log: string[] = [];
  return {
    ledger,
    queues,
    log,
    start: (options) => {
      const own = connect();
      const podQueues = openWorkspaceQueues(own, workspace);
      opened.push(podQueues);
      const lister = startLister({
        connector,
        ledger: redisLedger(own, workspace, connector),
        queues: podQueues,
        pollMs: 20,
        log: recordingLogger(log),
        ...options,
      });
      listers.push(lister);
      return lister;
    },
    work: async (end = "removed") => {
      const jobs = await queues.open("ingest").getWaiting();
      const datas: IngestJob[] = jobs.map(({ data }) => data);
      await Promise.all(datas.map(({ fileId }) => ledger.finish(fileId as FileId))); // brand: the lister made it
      // The hash of a job keeps its id from being added again.
      const wait = `${keyPrefix}:${queueName("ingest", workspace)}:wait`;
      await Promise.all(jobs.map((job) => (end === "removed" ? job.remove() : redis.lrem(wait, 1, job.id ?? ""))));
      return datas.map(({ object }) => object.key);
    },
    close: async () => {
      await Promise.all(listers.map((lister) => lister.stop()));
      await Promise.all(opened.map((one) => one.close()));
    },
  };
};

const recordingLogger = (log: string[]): Logger => {
  const logger = createLogger({ level: "silent", terminal: false });
  for (const level of ["info", "warn", "error"] as const)
    logger[level] = (fields: unknown, message?: string) =>
      void log.push(`${level} ${message ?? String(fields)} ${said(fields)}`.trim());
  return logger;
};

const said = (fields: unknown): string =>
  typeof fields === "object" && fields !== null && "err" in fields && fields.err instanceof Error
    ? fields.err.message
    : "";
