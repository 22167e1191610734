import type { Redis } from "ioredis";
import { gathered } from "./gathered.ts";

/** Reads the text under a key; undefined: none. */
export type ReadText = (key: string) => Promise<string | undefined>;

/** Reads texts that are not urgent, all that are asked for at about the same time in one command. */
export const gatheredTexts = (redis: Pick<Redis, "mget">): ReadText => {
  const read = gathered((keys: readonly string[]) => redis.mget([...keys]));
  return async (key) => (await read(key)) ?? undefined;
};
