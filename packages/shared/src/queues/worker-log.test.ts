import { gatheringLog } from "../testing/gathering-log.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { failureLog, unquoted, workerLog } from "./worker-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
});

const manyTimes = (say: (error: Error) => void, error: Error): void => {
  for (let i = 0; i < 5_000; i++) say(error);
};

test("thousands of errors are one line a second, which says how many they were", () => {
  const logged: string[] = [];
  const say = workerLog(gatheringLog(logged));
  manyTimes(say, new Error("Missing lock for job t-a-0"));
  vi.advanceTimersByTime(1_000);
  manyTimes(say, new Error("Missing lock for job t-a-0"));
  expect(logged).toEqual(["worker.error", "worker.error"]);
});

test("of a lost connection the worker says nothing: the connection does", () => {
  const logged: string[] = [];
  const say = workerLog(gatheringLog(logged));
  say(Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { syscall: "connect" }));
  expect(logged).toEqual([]);
});

test("trouble with Redis is one line in ten seconds, from all workers of the process together", () => {
  const logged: string[] = [];
  for (const say of [workerLog(gatheringLog(logged)), workerLog(gatheringLog(logged))])
    manyTimes(say, new Error("OOM command not allowed when used memory > 'maxmemory'."));
  expect(logged).toEqual(["redis.trouble"]);
  vi.advanceTimersByTime(10_000);
  manyTimes(workerLog(gatheringLog(logged)), new Error("READONLY You can't write against a read only replica."));
  expect(logged).toEqual(["redis.trouble", "redis.trouble"]);
});

test("thousands of jobs that fail are one line a second", () => {
  const logged: string[] = [];
  const say = failureLog(gatheringLog(logged));
  for (let i = 0; i < 5_000; i++) say({ job: `t-a-${i}`, attempts: 1, err: new Error("no") });
  vi.advanceTimersByTime(1_000);
  say({ job: "t-a-0", attempts: 2, err: new Error("no") });
  expect(logged).toEqual(Array.from({ length: 2 }, () => "job.failed: it runs again, ten times in all"));
});

test("nothing of an event that could not be read is logged, but where that was", () => {
  const meetJson = (): Error => {
    try {
      return JSON.parse("jane@example.com") as Error;
    } catch (error) {
      return error as Error; // a SyntaxError, as JSON.parse throws
    }
  };
  const { message, stack } = unquoted(meetJson());
  expect(message).toBe("it cannot be read as JSON");
  expect(stack).toContain("meetJson");
  expect(stack).not.toContain("jane");
  const other = new Error("no");
  expect(unquoted(other)).toBe(other);
});
