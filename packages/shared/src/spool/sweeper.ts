import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import type { Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { completedKey, jobKey, spoolEntryKey, spoolIndexKey, spoolUsageKey } from "../core/keys.ts";
import { moved } from "../queues/job-end.ts";
import { hardMark } from "./compressed.ts";
import { kindOf, spoolScript } from "./entry.ts";
import { isJobId, ownersOf } from "./owners.ts";

const inspectScript = spoolScript("inspect");
const pageEntries = 100;
/** An entry that is live is looked at again after this, or later, so that all of them cost no more than... */
const lookAgainMs = 10_000;
/** ...so many looks a second: a workspace may hold half a million entries for days. */
const looksPerSecond = 100;
/** Of smaller entries nothing is gained: a job takes more than they do. */
const worthShrinkingBytes = 2_048;

export interface SweepOptions {
  redis: Redis;
  workspace: string;
  /** UNIX ms. */
  now: () => number;
  /** Ends a done job as its worker would have. */
  settle: (kind: QueueKind, id: JobId, tally: Tally) => Promise<void>;
  /** Told of each entry that waits and would be smaller when compressed harder ({@link Spool.shrink}). */
  waits: (kind: QueueKind, id: JobId) => void;
  /** Told of each entry that no relay of this version made, which stays as it is. */
  foreign: (id: string) => void;
  signal: AbortSignal;
}

/**
 * Settles what a crash left in the spool: entries of done jobs are counted and removed, entries that no job will read
 * are removed. An entry whose job is waiting or in hand, in any queue that may have it, is never touched. Any number
 * of processes may sweep at once. Answers with how many entries it ended.
 */
export const sweepOnce = async (options: SweepOptions): Promise<number> => {
  const { redis, workspace, now, signal } = options;
  const index = spoolIndexKey(workspace);
  let ended = 0;
  while (!signal.aborted) {
    const due = await redis.zrange(index, "-inf", String(now()), "BYSCORE", "LIMIT", 0, pageEntries);
    if (due.length === 0) return ended;
    const roundMs = ((await redis.zcard(index)) * 1_000) / looksPerSecond;
    const lookAgainAtMs = Math.ceil(now() + Math.max(lookAgainMs, roundMs));
    await passOver(
      options,
      due.filter((id) => !isJobId(id)),
      lookAgainAtMs,
    );
    ended += await sweepPage(options, due.filter(isJobId), lookAgainAtMs);
  }
  return ended;
};

/** Of a newer relay, say, while pods are replaced: whose jobs they wait for is not known here. */
const passOver = async (
  { redis, workspace, foreign }: SweepOptions,
  ids: readonly string[],
  lookAgainAtMs: number,
): Promise<void> => {
  if (ids.length === 0) return;
  for (const id of ids) foreign(id);
  await redis.zadd(spoolIndexKey(workspace), "XX", ...ids.flatMap((id) => [lookAgainAtMs, id]));
};

/** What inspect.lua says of one entry. */
type Found = ["live", string?] | ["removed"] | ["done", number, string];

const sweepPage = async (
  { redis, workspace, settle, waits }: SweepOptions,
  ids: readonly JobId[],
  lookAgainAtMs: number,
): Promise<number> => {
  const keys = ids.flatMap((id) => [
    spoolEntryKey(workspace, id),
    ...ownersOf(id).flatMap((kind) => [jobKey(kind, workspace, id), completedKey(kind, workspace)]),
  ]);
  const args = ids.flatMap((id) => [id, ownersOf(id).length]);
  const found = (await inspectScript(
    redis,
    [spoolIndexKey(workspace), spoolUsageKey(workspace), ...keys],
    [lookAgainAtMs, JSON.stringify(moved), hardMark, worthShrinkingBytes, ...args],
  )) as Found[]; // inspect.lua's own answer, one for each id
  let ended = 0;
  for (const [i, id] of ids.entries()) {
    const one = found[i] ?? ["live"];
    if (one[0] === "live") {
      const kind = kindOf(one[1] ?? "");
      if (kind) waits(kind, id);
      continue;
    }
    const [state, queue = 0, returned = ""] = one;
    // A done job's return value is the tally that its pipeline gave.
    if (state === "done") await settle(ownersOf(id)[queue] ?? ownersOf(id)[0], id, JSON.parse(returned) as Tally);
    ended += 1;
  }
  return ended;
};
