import { type FileId } from "@currents-relay/shared/core/ids.ts";
import { rereadKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";
import type { Ledger } from "../ports.ts";

/** For so long the same command finds what it has read already. */
const keptSeconds = 30 * 86_400;

/** Which files of one re-reading were read to their end; beside the connector's own ledger, which it leaves alone. */
export const rereadLedger = (redis: Redis, workspace: string, run: string): Ledger => {
  const key = rereadKey(workspace, run);
  return {
    unfinished: async (files) => {
      if (files.length === 0) return [];
      const known = await redis.smismember(key, ...files);
      return files.filter((_, index) => known[index] === 0);
    },
    finish: async (file: FileId) => {
      await redis.multi().sadd(key, file).expire(key, keptSeconds).exec();
    },
  };
};
