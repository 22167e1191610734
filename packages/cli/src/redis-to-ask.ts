import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { embeddedRedisFolder, runningEmbeddedRedis } from "./embedded-redis.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { GoodConfig } from "./read-config.ts";

/** The Redis that has the state: the configured one, REDIS_URL's, or that of a `relay start` that runs beside it. */
export const redisUrlOf = ({ config, file }: GoodConfig): string => {
  const url =
    config.redis?.url.reveal() ?? readEnvironment().redisUrl ?? runningEmbeddedRedis(embeddedRedisFolder(file));
  if (url !== undefined) return url;
  throw new CommandError(
    exitCodes.unavailable,
    `There is no Redis to ask: no \`relay start\` runs with ${file}, and neither redis.url nor REDIS_URL names one.`,
  );
};
