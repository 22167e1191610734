import type { CountingStage, Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { handOverTo } from "../queues/hand-over.ts";
import type { QuarantineJob, QueueKind } from "../contracts/jobs.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "../queues/workspace-queues.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { redisSpool } from "../spool/redis-spool.ts";
import type { Spool } from "../spool/spool.ts";
import type { StageContext } from "./stage.ts";

/** What all stages use for one workspace. */
export interface WorkspaceTools {
  spool: Spool;
  queues: WorkspaceQueues;
  toQuarantine: ReturnType<typeof handOverTo<QuarantineJob>>;
  /** Ends a done job: its payload goes, its tally is counted, in Redis and in this process's metrics. */
  settle: (stage: CountingStage, kind: QueueKind, id: JobId, tally: Tally) => Promise<void>;
}

export const openWorkspaceTools = ({ redis, metrics }: StageContext, workspace: string): WorkspaceTools => {
  const spool = redisSpool(redis, workspace);
  const queues = openWorkspaceQueues(redis, workspace);
  return {
    spool,
    queues,
    toQuarantine: handOverTo<QuarantineJob>("quarantine", spool, queues),
    settle: async (stage, kind, id, tally) => {
      const { counted } = await spool.settle(id, kind, stage, tally);
      // Only the one that counted in Redis counts here: a job that ran twice is one job.
      if (counted) countTally(metrics, { workspace, stage }, tally);
    },
  };
};

const countTally = (metrics: Metrics, labels: { workspace: string; stage: CountingStage }, tally: Tally): void => {
  for (const [label, count] of Object.entries(tally)) {
    const [outcome = label, reason = ""] = label.split(":");
    if (outcome === "file") metrics.files.inc({ workspace: labels.workspace, outcome: reason }, count);
    else metrics.events.inc({ ...labels, outcome, reason }, count);
  }
};
