import { setTimeout as delay } from "node:timers/promises";
import {
  readWorkspaceStatus,
  type RunSummary,
  summarise,
  type WorkspaceStatus,
} from "@currents-relay/shared/stage/status.ts";
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { showProgress } from "./progress.ts";
import type { RelayProcess } from "./relay-process.ts";
import { startOrExplain } from "./run-until-signal.ts";

const lookEveryMs = 50;

/** Takes what is in the sources, delivers it, and ends; answers with what this run did. */
export const runOnce = async (
  relay: RelayProcess,
  workspaces: readonly string[],
): Promise<{ summary: RunSummary; isStopped: boolean }> => {
  const { lifecycle, redis, ingest } = relay;
  if (!ingest) throw new Error("a run to the end needs the ingest stage");
  const statuses = () => Promise.all(workspaces.map((workspace) => readWorkspaceStatus(redis, workspace)));
  const stopAsked = new AbortController();
  const release = onSignals(() => {
    stopAsked.abort();
    void lifecycle.stop();
  });
  const before = await statuses();
  const progress = showProgress(async () => summarise(await statuses(), before));
  let summary = summarise(before, before);
  try {
    await startOrExplain(lifecycle);
    await ingest.listedOnce().catch((cause: unknown) => {
      throw new CommandError(exitCodes.unavailable, cause instanceof Error ? cause.message : String(cause), { cause });
    });
    for (let isDone = false; !isDone && !stopAsked.signal.aborted;) {
      await delay(lookEveryMs);
      const now = await statuses();
      summary = summarise(now, before);
      isDone = now.every(isAtRest);
    }
  } finally {
    progress.stop();
    await lifecycle.stop();
    release();
  }
  return { summary, isStopped: stopAsked.signal.aborted };
};

/** Nothing waits that could still be done: held events wait for somebody. */
const isAtRest = ({ filesWaiting, waiting }: WorkspaceStatus): boolean =>
  filesWaiting === 0 && waiting.transform === 0 && waiting.deliver === 0;
