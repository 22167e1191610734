import { keyPrefix } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";
import type { NoticeFailures } from "../core/notice-retry.ts";

/** What all pods know of the notices of one workspace that are being sent. `notice` is the notice's id. */
export interface NoticeLedger {
  /** Whether the notice is ours to send for so long: true for one pod at a time. */
  take: (notice: string, forMs: number) => Promise<boolean>;
  /** Nobody takes the notice for so long, counted from now. */
  keep: (notice: string, forMs: number) => Promise<void>;
  /** The ids of the channels that need nothing more: they have the notice, or were given up. */
  done: (notice: string) => Promise<ReadonlySet<string>>;
  markDone: (notice: string, channel: string) => Promise<void>;
  /** Counts a failure of a channel; answers with all of them. */
  countFailure: (notice: string, channel: string, isRefusal: boolean) => Promise<NoticeFailures>;
}

/** Longer than a notice can wait to be sent; after that nobody asks. */
const rememberedMs = 30 * 86_400_000;

/** String with an expiry: somebody sends the notice, or it waits for its next try. */
const leaseKey = (workspace: string, notice: string) => `${keyPrefix}:notice-lease:${workspace}:${notice}`;
/** Hash: channel id -> "done"; `failures|<channel id>` and `refusals|<channel id>` -> how many. */
const progressKey = (workspace: string, notice: string) => `${keyPrefix}:notice:${workspace}:${notice}`;

const doneMark = "done";

export const redisNoticeLedger = (redis: Redis, workspace: string): NoticeLedger => {
  const write = async (notice: string, change: (transaction: ReturnType<Redis["multi"]>, key: string) => void) => {
    const key = progressKey(workspace, notice);
    const transaction = redis.multi();
    change(transaction, key);
    const answers = await transaction.pexpire(key, rememberedMs).exec();
    return (answers ?? []).map(([error, answer]) => {
      if (error) throw error;
      return Number(answer);
    });
  };

  return {
    take: async (notice, forMs) => (await redis.set(leaseKey(workspace, notice), "1", "PX", forMs, "NX")) === "OK",
    keep: async (notice, forMs) => {
      await redis.set(leaseKey(workspace, notice), "1", "PX", forMs);
    },
    done: async (notice) => {
      const fields = Object.entries(await redis.hgetall(progressKey(workspace, notice)));
      return new Set(fields.filter(([, value]) => value === doneMark).map(([channel]) => channel));
    },
    markDone: async (notice, channel) => {
      await write(notice, (transaction, key) => transaction.hset(key, channel, doneMark));
    },
    countFailure: async (notice, channel, isRefusal) => {
      const [failures = 1, refusals = 0] = await write(notice, (transaction, key) =>
        transaction.hincrby(key, `failures|${channel}`, 1).hincrby(key, `refusals|${channel}`, isRefusal ? 1 : 0),
      );
      return { failures, refusals };
    },
  };
};
