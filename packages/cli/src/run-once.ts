import { setTimeout as delay } from "node:timers/promises";
import { redisOutages } from "@currents-relay/deliver/adapters/redis-outage.ts";
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { readWorkspaceStatus, type RunSummary, summarise } from "@currents-relay/shared/stage/status.ts";
import type { Redis } from "ioredis";
import { CommandError, exitCodes, messageOf } from "./exit-codes.ts";
import { openProgress } from "./progress.ts";
import { requireRedis } from "./redis-answers.ts";
import type { RelayProcess } from "./relay-process.ts";
import { startOrExplain } from "./run-until-signal.ts";

const lookEveryMs = 50;
/** A Redis that was started beside us may need a moment. */
const redisWithinMs = 3_000;

export interface OnceResult {
  summary: RunSummary;
  /** A signal came before the end. */
  isStopped: boolean;
}

/** Takes what is in the sources, delivers it, and ends; answers with what this run did. */
export const runOnce = async (relay: RelayProcess, workspaces: readonly string[]): Promise<OnceResult> => {
  const { lifecycle, redis, ingest } = relay;
  if (!ingest) throw new Error("a run to the end needs the ingest stage");
  const stopAsked = new AbortController();
  const release = onSignals(() => {
    // The first signal ends the loop below, which then drains; to call stop twice is to force.
    if (stopAsked.signal.aborted) void lifecycle.stop();
    stopAsked.abort();
  });
  const progress = openProgress();
  let summary = summarise([]);
  try {
    await requireRedis(redis, { withinMs: redisWithinMs, signal: stopAsked.signal });
    if (stopAsked.signal.aborted) return { summary, isStopped: true };
    const before = await Promise.all(workspaces.map((workspace) => readWorkspaceStatus(redis, workspace)));
    await startOrExplain(lifecycle, stopAsked.signal);
    const listed = watchListing(ingest.listedOnce());
    for (let isDone = false; !isDone && !stopAsked.signal.aborted;) {
      await delay(lookEveryMs);
      // Asked first: what is listed after the look at the queues would not be seen in them.
      const isListed = listed();
      const looks = await Promise.all(workspaces.map((workspace) => look(redis, workspace)));
      summary = summarise(
        looks.map(({ status }) => status),
        before,
      );
      progress.show(summary);
      isDone = isListed && looks.every(({ isAtRest }) => isAtRest);
    }
  } finally {
    progress.stop();
    await lifecycle.stop();
    redis.disconnect();
    release();
  }
  return { summary, isStopped: stopAsked.signal.aborted };
};

/** Answers whether the sources have been listed; throws when one cannot be. */
const watchListing = (listing: Promise<void>): (() => boolean) => {
  let state: { isListed: boolean; error?: CommandError } = { isListed: false };
  listing.then(
    () => (state = { isListed: true }),
    (cause: unknown) =>
      (state = {
        isListed: false,
        error: new CommandError(exitCodes.noInput, `A source cannot be listed: ${messageOf(cause)}`, { cause }),
      }),
  );
  return () => {
    if (state.error) throw state.error;
    return state.isListed;
  };
};

/** At rest: nothing waits that could still be done. What is held waits for somebody, unless it is being replayed. */
const look = async (redis: Redis, workspace: string) => {
  const status = await readWorkspaceStatus(redis, workspace);
  const { filesWaiting, waiting } = status;
  const isIdle = filesWaiting === 0 && waiting.transform === 0 && waiting.deliver === 0;
  const isAtRest = isIdle && (waiting.held === 0 || (await redisOutages(redis, workspace).read()).kind === "holding");
  return { status, isAtRest };
};
