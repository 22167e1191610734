import { ledgerKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";
import type { Ledger } from "../ports.ts";

/** The ledger of one connector: a hash, file id -> when it was finished (UNIX ms). */
export const redisLedger = (redis: Redis, workspace: string, connector: string): Ledger => {
  const key = ledgerKey(workspace, connector);
  return {
    unfinished: async (files) => {
      if (files.length === 0) return [];
      const finished = await redis.hmget(key, ...files);
      return files.filter((_, index) => finished[index] === null);
    },
    finish: async (file) => {
      await redis.hset(key, file, Date.now());
    },
  };
};
