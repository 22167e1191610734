import { expect, test } from "vitest";
import { isClusterRefusal, isRedisRefusal, isRedisTrouble } from "./redis-trouble.ts";

/** As Redis 7 and ioredis 6 say it. */
const troubles = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  "OOM command not allowed when used memory > 'maxmemory'. script: 4f5b2db790dce0774bfa08ed19e9a03b1f1f94c2, on @user_script:18.",
  "READONLY You can't write against a read only replica.",
  "LOADING Redis is loading the dataset in memory",
  "MISCONF Errors writing to the AOF file: No space left on device",
  "NOREPLICAS Not enough good replicas to write.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  "NOAUTH Authentication required.",
  "WRONGPASS invalid username-password pair or user is disabled.",
  "NOPERM User default has no permissions to run the 'evalsha' command",
  "ERR The user executing the script can't run this command or subcommand script: a2e1, on @user_script:1.",
  "ERR max number of clients reached",
  "Connection is closed.",
  "Command aborted due to connection close",
];

test.each(troubles)("it is waited for: %s", (message) => {
  expect(isRedisTrouble(new Error(message))).toBe(true);
  expect(isRedisTrouble(new Error("the hand-over failed", { cause: new Error(message) }))).toBe(true);
});

const others: [string, unknown][] = [
  ["a wrong type", new Error("WRONGTYPE Operation against a key holding the wrong kind of value")],
  ["a fault in a script", new Error("ERR value is not an integer or out of range script: 4f5b, on @user_script:18.")],
  [
    "a connection to a source or to Segment that was lost",
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
  ],
  ["an abort", new DOMException("This operation was aborted", "AbortError")],
  ["a lost lock", new Error("Missing lock for job t-a-0. moveToFinished")],
  ["no error at all", "OOM command not allowed"],
];
test.each(others)("it is not Redis' trouble: %s", (_, error) => {
  expect(isRedisTrouble(error)).toBe(false);
});

test.each([
  "CROSSSLOT Keys in request don't hash to the same slot",
  "MOVED 3999 127.0.0.1:6381",
  "ERR Script attempted to access a non local key in a cluster node script: a2e1, on @user_script:1.",
])("a cluster's refusal is one, and is not waited for: %s", (message) => {
  const error = new Error("the hand-over failed", { cause: new Error(message) });
  expect([isRedisTrouble(error), isClusterRefusal(error), isRedisRefusal(error)]).toEqual([false, true, true]);
});

test("what is waited for is a refusal, too; what is neither is a bug", () => {
  expect(isRedisRefusal(new Error("NOPERM User default has no permissions to run the 'evalsha' command"))).toBe(true);
  expect(isRedisRefusal(new Error("WRONGTYPE Operation against a key holding the wrong kind of value"))).toBe(false);
});
