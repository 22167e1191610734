import type { Logger } from "../runtime/logger.ts";
import { isRedisTrouble, logTrouble } from "../runtime/redis-trouble.ts";

const logEveryMs = 1_000;

/** Logs what a worker meets, sparingly: BullMQ can emit thousands of `error` events a second. */
export const workerLog = (log: Logger): ((error: unknown) => void) => {
  let silentUntilMs = 0;
  let times = 0;
  return (error) => {
    // Of a lost connection the connection tells (connectRedis), once for all of its workers.
    if (error instanceof Error && "syscall" in error) return;
    if (isRedisTrouble(error)) return logTrouble(log, error);
    times += 1;
    if (performance.now() < silentUntilMs) return;
    silentUntilMs = performance.now() + logEveryMs;
    log.warn({ err: error, times }, "worker.error");
    times = 0;
  };
};
