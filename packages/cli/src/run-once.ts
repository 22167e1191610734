import { setTimeout as delay } from "node:timers/promises";
import { keyFingerprint } from "@currents-relay/deliver/adapters/credential-watch.ts";
import { redisOutages } from "@currents-relay/deliver/adapters/redis-outage.ts";
import { unverifiedGraceMs } from "@currents-relay/deliver/core/outage.ts";
import type { OutageState } from "@currents-relay/deliver/core/outage-state.ts";
import type { IngestStage } from "@currents-relay/ingest/main.ts";
import type { SegmentConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import {
  readWorkspaceStatus,
  type RunSummary,
  summarise,
  type WorkspaceStatus,
} from "@currents-relay/shared/stage/status.ts";
import type { Redis } from "ioredis";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
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

/** What a run to the end needs of its process. */
export type OnceProcess = Pick<RelayProcess, "lifecycle" | "redis"> & {
  ingest: Pick<IngestStage, "listedOnce"> | undefined;
};

/** Takes what is in the sources, delivers it, and ends; answers with what this run did. */
export const runOnce = async (
  relay: OnceProcess,
  configured: Readonly<Record<string, Pick<WorkspaceConfig, "segment">>>,
): Promise<OnceResult> => {
  const { lifecycle, redis, ingest } = relay;
  const workspaces = Object.entries(configured);
  if (!ingest) throw new Error("a run to the end needs the ingest stage");
  const stopAsked = new AbortController();
  const release = onSignals(() => {
    // The first signal ends the loop below, which then drains; to call stop twice is to force.
    if (stopAsked.signal.aborted) void lifecycle.stop();
    stopAsked.abort();
  });
  const progress = openProgress();
  let before: WorkspaceStatus[] = [];
  let summary = summarise([]);
  try {
    await requireRedis(redis, { withinMs: redisWithinMs, signal: stopAsked.signal });
    if (stopAsked.signal.aborted) return { summary, isStopped: true };
    before = await statusesOf(redis, configured);
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
  if (stopAsked.signal.aborted) return { summary, isStopped: true };
  return { summary: summarise(await statusesAfter(redis, configured), before), isStopped: false };
};

type Workspaces = Readonly<Record<string, unknown>>;

const statusesOf = (redis: Redis, workspaces: Workspaces): Promise<WorkspaceStatus[]> =>
  Promise.all(Object.keys(workspaces).map((workspace) => readWorkspaceStatus(redis, workspace)));

/** A file's job is first done, and then counted: of the last one only the drain makes sure, which ends the connection, too. */
const statusesAfter = async (ended: Redis, workspaces: Workspaces): Promise<WorkspaceStatus[]> => {
  const redis = ended.duplicate();
  try {
    await requireRedis(redis, { withinMs: redisWithinMs });
    return await statusesOf(redis, workspaces);
  } finally {
    redis.disconnect();
  }
};

/** Answers whether the sources have been listed; throws when one cannot be. */
const watchListing = (listing: Promise<void>): (() => boolean) => {
  let state: { isListed: boolean; error?: CommandError } = { isListed: false };
  listing.then(
    () => (state = { isListed: true }),
    (cause: unknown) =>
      (state = {
        isListed: false,
        error: new CommandError(exitCodes.noInput, `A source cannot be listed: ${errorText(cause)}`, { cause }),
      }),
  );
  return () => {
    if (state.error) throw state.error;
    return state.isListed;
  };
};

/** What is held waits for somebody, once there is a word on the credentials that are configured now; or for a minute none. */
const isHeldForLong = (state: OutageState, segment: SegmentConfig): boolean => {
  if (state.kind !== "holding" || state.keyFingerprint !== keyFingerprint(segment)) return false;
  const { trouble, operator } = state;
  return operator || trouble?.reason !== "unverified" || Date.now() - trouble.sinceMs >= unverifiedGraceMs;
};

/** At rest: nothing waits that could still be done. */
const look = async (redis: Redis, [workspace, { segment }]: [string, Pick<WorkspaceConfig, "segment">]) => {
  const status = await readWorkspaceStatus(redis, workspace);
  const { filesWaiting, waiting } = status;
  const isIdle = filesWaiting === 0 && waiting.transform === 0 && waiting.deliver === 0;
  const isHeld = async () => isHeldForLong(await redisOutages(redis, workspace).read(), segment);
  const isAtRest = isIdle && (waiting.held === 0 || (await isHeld()));
  return { status, isAtRest };
};
