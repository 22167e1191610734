import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { type QueueKind, queueKinds } from "../contracts/jobs.ts";
import type { Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { completedKey, jobKey, spoolEntryKey, spoolIndexKey, spoolUsageKey } from "../core/keys.ts";
import { luaScript } from "../runtime/lua-script.ts";
import { kindCodes } from "./redis-spool.ts";

const inspectScript = luaScript(new URL("./inspect.lua", import.meta.url));
const pageEntries = 200;

export interface SweepOptions {
  redis: Redis;
  workspace: string;
  /** Entries younger than this (UNIX ms of their writing) are left alone; only a saving, not what makes it safe. */
  writtenBeforeMs: number;
  /** Ends a done job as its worker would have. */
  settle: (kind: QueueKind, id: JobId, tally: Tally) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Settles what a crash left in the spool: entries of done jobs are counted and removed, entries that no job will read
 * are removed. An entry whose job is waiting or in hand is never touched. Answers with how many it removed.
 */
export const sweepOnce = async (options: SweepOptions): Promise<number> => {
  const { redis, workspace, writtenBeforeMs, signal } = options;
  let removed = 0;
  for (let skip = 0; !signal.aborted;) {
    const ids = await redis.zrange(
      spoolIndexKey(workspace),
      "-inf",
      String(writtenBeforeMs),
      "BYSCORE",
      "LIMIT",
      skip,
      pageEntries,
    );
    if (ids.length === 0) return removed;
    let left = 0;
    for (const id of ids) {
      // The index holds what put.lua was given: ids of core/ids.ts.
      const swept = await sweepEntry(options, id as JobId);
      if (swept) removed += 1;
      else left += 1;
    }
    skip += left;
    await delay(0);
  }
  return removed;
};

const sweepEntry = async ({ redis, workspace, settle }: SweepOptions, id: JobId): Promise<boolean> => {
  const code = await redis.getrange(spoolEntryKey(workspace, id), 0, 0);
  const kind = queueKinds.find((name) => kindCodes[name] === code) ?? "transform";
  const keys = [
    spoolEntryKey(workspace, id),
    spoolIndexKey(workspace),
    spoolUsageKey(workspace),
    jobKey(kind, workspace, id),
    completedKey(kind, workspace),
  ];
  // inspect.lua's own answer: a list of one or two texts.
  const [state, returned] = (await inspectScript(redis, keys, [id, kind])) as [string, string?];
  if (state === "live") return false;
  // A done job's return value is the tally that its pipeline gave.
  if (state === "done") await settle(kind, id, JSON.parse(returned ?? "{}") as Tally);
  return true;
};
