import type { Redis } from "ioredis";
import { sourceFaultsKey } from "../core/keys.ts";

/** A source that cannot be listed or read. */
export interface SourceFault {
  connector: string;
  /** A sentence for the operator. */
  why: string;
  /** UNIX ms. */
  sinceMs: number;
}

/** The present fault of each connector of a workspace, as its listers last said. */
export const readSourceFaults = async (redis: Redis, workspace: string): Promise<SourceFault[]> =>
  sourceFaultsOf(await redis.hgetall(sourceFaultsKey(workspace)));

/** @param fields the hash under `sourceFaultsKey`, written by noteSourceFault */
export const sourceFaultsOf = (fields: Readonly<Record<string, string>>): SourceFault[] =>
  Object.values(fields).map((text) => JSON.parse(text) as SourceFault);

/** `why` undefined: it is well. Says since when by itself: a fault that goes on keeps its time. */
export const noteSourceFault = async (
  redis: Redis,
  workspace: string,
  { connector, why, nowMs }: { connector: string; why: string | undefined; nowMs: number },
): Promise<void> => {
  const key = sourceFaultsKey(workspace);
  if (why === undefined) return void (await redis.hdel(key, connector));
  const before = await redis.hget(key, connector);
  const sinceMs = before === null ? nowMs : (JSON.parse(before) as SourceFault).sinceMs;
  await redis.hset(key, connector, JSON.stringify({ connector, why, sinceMs } satisfies SourceFault));
};
