import { rereadChangedKey, rereadKey } from "@currents-relay/shared/core/keys.ts";
import type { FileId } from "@currents-relay/shared/core/ids.ts";
import type { Redis } from "ioredis";
import type { Ledger } from "../ports.ts";

/** For so long the same command finds what it has read already. */
const keptSeconds = 30 * 86_400;

export interface RereadLedger extends Ledger {
  /** Those of the files that were replaced or deleted before all of them was read. They are finished, too. */
  changed: (files: readonly FileId[]) => Promise<FileId[]>;
}

/** Which files of one re-reading are finished; beside the connector's own ledger, which it leaves alone. */
export const rereadLedger = (redis: Redis, workspace: string, run: string): RereadLedger => {
  const finishedKey = rereadKey(workspace, run);
  const changedKey = rereadChangedKey(workspace, run);
  const membersOf = async (key: string, files: readonly FileId[], isMember: 0 | 1): Promise<FileId[]> => {
    if (files.length === 0) return [];
    const known = await redis.smismember(key, ...files);
    return files.filter((_, index) => known[index] === isMember);
  };
  return {
    unfinished: (files) => membersOf(finishedKey, files, 0),
    changed: (files) => membersOf(changedKey, files, 1),
    finish: async (file, fate = "read") => {
      const keys = fate === "changed" ? [finishedKey, changedKey] : [finishedKey];
      const changes = redis.multi();
      for (const key of keys) changes.sadd(key, file).expire(key, keptSeconds);
      await changes.exec();
    },
  };
};
