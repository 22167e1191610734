import type { Redis } from "ioredis";
import { setTimeout as delay } from "node:timers/promises";
import { keyPrefix } from "../core/keys.ts";

/** First words of the answers by which Redis says "not now", and of what ioredis says of a lost connection. */
const troubles =
  /^(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|Connection is closed|.*ECONNREFUSED|.*ECONNRESET|.*EPIPE)/;

/** True for what passes by itself and is no fault of the job in hand. */
export const isRedisTrouble = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (error.name === "AbortError" && error.message.includes("unfulfilled")) return true; // a pipeline cut off by a reconnect
  return (
    troubles.test(error.message) ||
    /script: .*(OOM|READONLY)|-(OOM|READONLY) /.test(error.message) ||
    isRedisTrouble(error.cause)
  );
};

/** Asks Redis to write until it does: first after 0.2 s, at last every 2 s. Rejects when the signal aborts. */
export const waitUntilWritable = async (redis: Redis, signal: AbortSignal): Promise<void> => {
  for (let waitMs = 200; ; waitMs = Math.min(2_000, waitMs * 2)) {
    await delay(waitMs, undefined, { signal });
    try {
      await redis.set(`${keyPrefix}:writable`, "1", "EX", 60);
      return;
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
    }
  }
};
