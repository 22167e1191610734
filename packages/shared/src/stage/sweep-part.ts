import { setTimeout as delay } from "node:timers/promises";
import type { QueueKind } from "../contracts/jobs.ts";
import type { CountingStage } from "../contracts/tally.ts";
import { untilSharedTick } from "../runtime/shared-tick.ts";
import { isRedisTrouble, logTrouble } from "../runtime/redis-trouble.ts";
import { shrinkWaiting } from "../spool/shrink-waiting.ts";
import { sweepDue } from "../spool/sweep-due.ts";
import { sweepOnce } from "../spool/sweeper.ts";
import type { StageContext } from "./stage.ts";
import type { WorkspaceTools } from "./workspace-tools.ts";

/** Under which stage the end of a queue's jobs is counted. Who takes a job out of quarantine counts for itself. */
const countingStageOf: Readonly<Record<QueueKind, CountingStage>> = {
  ingest: "ingest",
  transform: "transform",
  deliver: "deliver",
  deadletter: "deliver",
  quarantine: "deliver",
};

const usualEveryMs = 10_000;

/**
 * Sweeps a workspace's spool now and then, and shrinks what waits there, from every process that works for it; they do not
 * get in each other's way.
 */
export const startSweeping = (
  { redis, log }: StageContext,
  workspace: string,
  tools: Pick<WorkspaceTools, "settle" | "spool">,
  everyMs = usualEveryMs,
): { stop: () => Promise<void> } => {
  const stopped = new AbortController();
  const onError = (error: unknown) => {
    if (stopped.signal.aborted) return;
    if (isRedisTrouble(error)) logTrouble(log, error);
    else log.warn({ err: error, workspace }, "spool.shrink-failed");
  };
  const foreign = toldOnce((id) =>
    log.warn({ workspace, id }, "spool.foreign: no relay of this version made it; it stays"),
  );
  const waits = shrinkWaiting({ spool: tools.spool, signal: stopped.signal, onError });
  const isDue = sweepDue(redis);
  const sweepIfDue = async (): Promise<number> =>
    (await isDue(workspace))
      ? sweepOnce({
          redis,
          workspace,
          now: Date.now,
          signal: stopped.signal,
          settle: (kind, id, tally) => tools.settle(countingStageOf[kind], kind, id, tally),
          waits,
          foreign,
        })
      : 0;
  const sweep = async () => {
    while (!stopped.signal.aborted) {
      const pauseMs = untilSharedTick(everyMs * (0.5 + Math.random()));
      await delay(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      const entries = await sweepIfDue().catch((error: unknown) => {
        if (!stopped.signal.aborted) log.warn({ err: error, workspace }, "spool.sweep-failed");
        return 0;
      });
      if (entries > 0) log.info({ workspace, entries }, "spool.swept");
    }
  };
  void sweep();
  return {
    stop: () => {
      stopped.abort();
      // Nobody need wait for the sweep under way, which may wait for Redis: each of its steps may be the last one.
      return Promise.resolve();
    },
  };
};

/** It is looked at every few seconds, and is as it was. */
const toldOnce = (tell: (id: string) => void): ((id: string) => void) => {
  let isTold = false;
  return (id) => {
    if (!isTold) tell(id);
    isTold = true;
  };
};
