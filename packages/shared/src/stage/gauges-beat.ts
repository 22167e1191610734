import type { Redis } from "ioredis";
import { type CountingStage, countingStages } from "../contracts/tally.ts";
import { keyPrefix } from "../core/keys.ts";
import { luaScript } from "../runtime/lua-script.ts";
import { type ByStage, eachStage } from "./gauges-workers.ts";

const beatScript = luaScript(new URL("./gauges-beat.lua", import.meta.url));

/** A process that was killed counts as there for so long. */
const wordCountsMs = 20_000;

/**
 * Says which stages this process runs (none: it ends, or is not ready), and answers with the number of processes that
 * run each stage. To be called every few seconds.
 */
export const beat = async (redis: Redis, process: string, running: readonly CountingStage[]): Promise<ByStage> => {
  const keys = countingStages.map((stage) => `${keyPrefix}:workers:${stage}`);
  const isThere = countingStages.map((stage) => (running.includes(stage) ? 1 : 0));
  // The script's own answer: a count for each key.
  const counts = (await beatScript(redis, keys, [process, wordCountsMs, ...isThere])) as number[];
  return eachStage((stage) => counts[countingStages.indexOf(stage)] ?? 0);
};
