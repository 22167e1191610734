import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../../contracts/jobs.ts";
import type { Tally } from "../../contracts/tally.ts";
import type { JobId } from "../../core/ids.ts";
import type { Logger } from "../../runtime/logger.ts";
import { gatheringLog } from "../../testing/gathering-log.ts";
import { type StageWorker, type StageWorkerOptions, startStageWorker } from "../stage-worker.ts";
import { openWorkspaceQueues } from "../workspace-queues.ts";

export interface JobData {
  n: number;
}

/** What stage workers did in one test. */
export interface StageRig {
  redis: Redis;
  queue: Queue;
  log: Logger;
  /** Messages that were logged, in order. */
  logged: string[];
  /** What was settled, by job. */
  settled: Map<string, Tally>;
  /** What was set aside, by job: "reason: cause". */
  aside: Map<string, string>;
  add(ids: readonly string[]): Promise<void>;
  start(options: Partial<StageWorkerOptions<JobData>> & Pick<StageWorkerOptions<JobData>, "handle">): StageWorker;
  close(): Promise<void>;
}

export const workspace = "acme";
export const counted: Tally = { in: 1, ok: 1 };
export const stageRig = (redis: Redis, kind: QueueKind = "transform"): StageRig => {
  const queues = openWorkspaceQueues(redis, workspace);
  const [logged, settled, aside] = [[] as string[], new Map<string, Tally>(), new Map<string, string>()];
  const log = gatheringLog(logged);
  const workers: StageWorker[] = [];
  return {
    redis,
    queue: queues.open(kind),
    log,
    logged,
    settled,
    aside,
    add: (ids) =>
      queues.add(
        kind,
        ids.map((id, n) => ({ id: id as JobId, data: { n } })),
      ),
    start: (options) => {
      const worker = startStageWorker<JobData>({
        workspace,
        kind,
        redis,
        log,
        concurrency: 1,
        retryWaitsFor: "job",
        setAside: ({ id }, reason, cause) => {
          aside.set(id, `${reason}: ${cause.message}`);
          return Promise.resolve({ in: 1, [`quarantined:${reason}`]: 1 });
        },
        settle: (id, tally) => Promise.resolve(settled.set(id, tally)),
        ...options,
      });
      workers.push(worker);
      return worker;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.drain(AbortSignal.abort())));
      await queues.close();
    },
  };
};
