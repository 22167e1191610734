import { isClusterRefusal, isRedisRefusal } from "@currents-relay/shared/runtime/redis-trouble.ts";
import type { Redis } from "ioredis";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

/** host:port of a connection, without its password. */
export const redisAddress = ({ options }: Redis): string => `${options.host ?? "localhost"}:${options.port ?? 6379}`;

const neverAborted = new AbortController().signal;

/**
 * Resolves when Redis answers. Throws a CommandError when it has not in time, for commands with a person in front: a
 * stage waits for its Redis as long as it takes. Aborted: returns at once.
 */
export const requireRedis = async (
  redis: Redis,
  { withinMs = 2_000, signal = neverAborted }: { withinMs?: number; signal?: AbortSignal } = {},
): Promise<void> => {
  let lastError = "no answer";
  const remember = (error: Error) => (lastError = error.message || error.name);
  redis.on("error", remember);
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), withinMs);
  const stop = () => late.reject(new Error("stopped"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    if ((await Promise.race([redis.ping(), late.promise])) === "late") throw new Error(lastError);
  } catch (cause) {
    if (signal.aborted) return;
    const why = errorText(cause);
    throw new CommandError(exitCodes.unavailable, `Redis at ${redisAddress(redis)} does not answer (${why})`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    redis.off("error", remember);
  }
};

/** What Redis refuses meanwhile ends the command with Redis' own words, not with a stack trace. */
export const orRefused = async <T>(act: () => Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (cause) {
    if (!isRedisRefusal(cause)) throw cause;
    const remedy = isClusterRefusal(cause)
      ? "It is a node of a Redis Cluster; the relay needs a Redis that is none."
      : "Nothing is lost; do the same again when it is well.";
    throw new CommandError(exitCodes.unavailable, `Redis refuses: ${errorText(cause)}\n${remedy}`, { cause });
  }
};
