import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import {
  archivingKey,
  completedKey,
  jobKey,
  spoolEntryKey,
  spoolIndexKey,
  spoolUsageKey,
  tallyKey,
} from "@currents-relay/shared/core/keys.ts";
import { answersOf } from "@currents-relay/shared/runtime/pipeline-answers.ts";
import { letterOf } from "@currents-relay/shared/spool/entry.ts";
import { ownersOf } from "@currents-relay/shared/spool/owners.ts";
import type { Spool } from "@currents-relay/shared/spool/spool.ts";
import type { Redis } from "ioredis";
import type { DeskEntry, DeskQueue, RestoredInPart } from "../core/desk-entry.ts";
import type { Desk } from "../desk.ts";
import { activeKey, deskScript, tallyPairs, waitKey } from "./desk-keys.ts";

const endScript = deskScript("end");
/** As long as BullMQ keeps done jobs of the other queues (workspace-queues.ts). */
const tombstoneMs = 86_400_000;
const pageEntries = 200;

export interface DeskOptions {
  redis: Redis;
  workspace: string;
  queue: DeskQueue;
  spool: Pick<Spool, "read">;
  pageEntries?: number;
  /** UNIX ms. */
  now?: () => number;
}

export const redisDesk = (options: DeskOptions): Desk => {
  const { redis, workspace, queue, spool, now = Date.now } = options;
  const [waiting, active] = [waitKey(queue, workspace), activeKey(queue, workspace)];
  const read = entryReader(options);

  return {
    queue,

    walk: async (visit) => {
      const inHand = await read(await redis.lrange(active, 0, -1), true);
      if (inHand.length > 0 && (await visit(inHand)).isEnough) return;
      await walkList(redis, waiting, options.pageEntries ?? pageEntries, async (ids) => visit(await read(ids, false)));
    },

    find: async (id) => {
      const [entry] = await read([id], false);
      if (!entry) return undefined;
      return { ...entry, isInHand: (await redis.lpos(active, id)) !== null };
    },

    payload: (id) => spool.read(id, queue),

    end: async ({ id, stored }, tally) => {
      const job = jobKey(queue, workspace, id);
      const others = ownersOf(id).map((kind) => jobKey(kind, workspace, id));
      const keys = [
        spoolEntryKey(workspace, id),
        spoolIndexKey(workspace),
        spoolUsageKey(workspace),
        tallyKey(workspace),
        archivingKey(workspace),
        waiting,
        completedKey(queue, workspace),
        job,
        ...others.filter((key) => key !== job),
      ];
      const args = [id, letterOf(queue), stored, now(), JSON.stringify(tally), tombstoneMs, ...tallyPairs(tally)];
      return (await endScript(redis, keys, args)) === 1;
    },
  };
};

/** Pages from the right end of a list on. The place is found again by the last one that stayed: both ends move. */
const walkList = async (
  redis: Redis,
  list: string,
  size: number,
  visit: (ids: JobId[]) => ReturnType<Parameters<Desk["walk"]>[0]>,
): Promise<void> => {
  let last: JobId | undefined;
  for (;;) {
    const place: number | null = last === undefined ? null : await redis.lpos(list, last, "RANK", -1);
    if (place === 0) return;
    // What stayed last is gone: then a worker took it, and before it all that was older.
    const [from, to]: [number, number] = place === null ? [-size, -1] : [Math.max(0, place - size), place - 1];
    const ids = (await redis.lrange(list, from, to)).toReversed() as JobId[]; // ids that our jobs were added with
    if (ids.length === 0) return;
    const { ended, isEnough } = await visit(ids);
    if (isEnough) return;
    last = ids.findLast((id) => !ended.has(id)) ?? last;
  }
};

/** Reads the jobs of these ids; one that has ended meanwhile, or was counted elsewhere, is left out. */
const entryReader =
  ({ redis, workspace, queue }: DeskOptions) =>
  async (ids: readonly string[], isInHand: boolean): Promise<DeskEntry[]> => {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hmget(jobKey(queue, workspace, id as JobId), "data", "timestamp", "counted");
    const answers = await answersOf(pipeline);
    return answers.flatMap((answer, index) => {
      // As HMGET answers: the fields as asked for.
      const [stored, addedMs, counted] = answer as [string | null, string | null, string | null];
      if (stored === null || counted !== null) return [];
      const facts = { id: ids[index] as JobId, stored, isInHand };
      return [entryOf(queue, facts, Number(addedMs))];
    });
  };

const entryOf = (
  queue: DeskQueue,
  facts: Pick<DeskEntry, "id" | "stored" | "isInHand">,
  addedMs: number,
): DeskEntry => {
  // Written by us: contracts/jobs.ts says what is in which queue.
  if (queue === "deadletter") {
    const data = JSON.parse(facts.stored) as DeadLetterJob;
    const { connector, calls: events, heldAtMs: sinceMs, heldFor: reason } = data;
    return { ...facts, queue, data, connector, events, sinceMs, reason };
  }
  const data = JSON.parse(facts.stored) as RestoredInPart;
  const { connector, events, reason } = data;
  return { ...facts, queue, data, connector, events, sinceMs: addedMs, reason };
};
