import type { Logger } from "../runtime/logger.ts";
import { isRedisTrouble, logTrouble } from "../runtime/redis-trouble.ts";

const logEveryMs = 1_000;

/** Says the first of what comes within a second, with how many there were since it last did. */
const sparsely = <T>(say: (what: T, times: number) => void): ((what: T) => void) => {
  let silentUntilMs = 0;
  let times = 0;
  return (what) => {
    times += 1;
    if (performance.now() < silentUntilMs) return;
    silentUntilMs = performance.now() + logEveryMs;
    say(what, times);
    times = 0;
  };
};

/** Logs what a worker meets, sparingly: BullMQ can emit thousands of `error` events a second. */
export const workerLog = (log: Logger): ((error: unknown) => void) => {
  const say = sparsely<unknown>((err, times) => log.warn({ err, times }, "worker.error"));
  return (error) => {
    // Of a lost connection the connection tells (connectRedis), once for all of its workers.
    if (error instanceof Error && "syscall" in error) return;
    if (isRedisTrouble(error)) return logTrouble(log, error);
    say(error);
  };
};

/** The same error as it may be logged: what a parser of JSON says quotes what it read, which may be an event. */
export const unquoted = (error: Error): Error => {
  if (!(error instanceof SyntaxError)) return error;
  const told = new Error("it cannot be read as JSON");
  told.stack = [told.message, ...(error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))].join("\n");
  return told;
};

/** A run of a job that threw. */
interface FailedRun {
  job: string | undefined;
  /** How many runs of the job have, this one included. */
  attempts: number;
  err: Error;
}

/** Logs jobs that threw, as sparingly: a fault of ours can meet each of thousands. */
export const failureLog = (log: Logger): ((failed: FailedRun) => void) =>
  sparsely(({ err, ...failed }, times) =>
    log.warn({ ...failed, times, err: unquoted(err) }, "job.failed: it runs again, ten times in all"),
  );
