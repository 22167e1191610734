import { setTimeout as delay } from "node:timers/promises";
import type { CountingStage } from "../contracts/tally.ts";
import { sweepOnce } from "../spool/sweeper.ts";
import type { StageContext } from "./stage.ts";
import type { WorkspaceTools } from "./workspace-tools.ts";

const everyMs = 30_000;
const graceMs = 60_000;

/** Sweeps a workspace's spool now and then, from every process that works for it; they do not get in each other's way. */
export const startSweeping = (
  { redis, log }: StageContext,
  workspace: string,
  tools: WorkspaceTools,
): { stop: () => Promise<void> } => {
  const stopped = new AbortController();
  const ended = (async () => {
    while (!stopped.signal.aborted) {
      await delay(everyMs * (0.5 + Math.random()), undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      const removed = await sweepOnce({
        redis,
        workspace,
        writtenBeforeMs: Date.now() - graceMs,
        signal: stopped.signal,
        // Only the counting stages' jobs return a tally; the others' entries are removed by whoever ends them.
        settle: (kind, id, tally) =>
          kind === "quarantine" || kind === "deadletter"
            ? Promise.resolve()
            : tools.settle(kind satisfies CountingStage, id, tally),
      }).catch((error: unknown) => {
        log.warn({ err: error, workspace }, "spool.sweep-failed");
        return 0;
      });
      if (removed > 0) log.info({ workspace, entries: removed }, "spool.swept");
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return ended;
    },
  };
};
