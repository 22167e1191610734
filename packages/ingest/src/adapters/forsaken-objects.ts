import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { setTimeout as delay } from "node:timers/promises";

export interface ForsakenOptions {
  queues: WorkspaceQueues;
  /** Whether a connector's source can be read. */
  isConfigured: (connector: string) => boolean;
  log: Logger;
  /** When it looks, each so long after the look before. */
  pausesMs?: readonly number[];
}

const usualPausesMs = [0, 5_000, 10_000, 45_000, 60_000];

/**
 * Takes objects out of the queue that nobody has begun to read and whose connector was removed: they lie in the source,
 * and are found again should it come back. Looks at the start, and a few times more: another process may
 * still have the old configuration, or one of them in hand.
 */
export const forgetForsaken = ({
  queues,
  isConfigured,
  log,
  pausesMs = usualPausesMs,
}: ForsakenOptions): { stop: () => void } => {
  const stopped = new AbortController();
  const look = async () => {
    const jobs = await queues.open("ingest").getJobs(["waiting", "delayed", "prioritized"]);
    // One that was taken meanwhile is not there; a request's events lie in the spool, and are worked on as always.
    const forsaken = jobs.filter((job) => {
      const data = job?.data as IngestJob | undefined;
      return data && data.requestEvents === undefined && !isConfigured(data.connector) && !hasBegun(job?.progress);
    });
    // Refused where a worker has just taken it: then it comes back, and is looked at again.
    await Promise.all(forsaken.map((job) => job.remove().catch(() => undefined)));
    if (forsaken.length > 0) log.info({ files: forsaken.length }, "source.forsaken: the connector was removed");
  };
  const lookAgainAndAgain = async () => {
    for (const pauseMs of pausesMs) {
      await delay(pauseMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      await look().catch((error: unknown) => log.debug({ err: error }, "source.forsaken-unread"));
    }
  };
  void lookAgainAndAgain();
  return { stop: () => stopped.abort() };
};

/** What job-progress.ts stores: `value` is the pipeline's. */
const hasBegun = (progress: unknown): boolean =>
  typeof progress === "object" && progress !== null && "value" in progress && progress.value !== undefined;
