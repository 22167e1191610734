import { afterEach, expect, test, vi } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { throughTrouble, waitUntilWritable } from "./redis-trouble.ts";

const server = useRedis();
const log = gatheringLog([]);
const limit = (bytes: number) => server.connect().config("SET", "maxmemory", bytes);
afterEach(() => limit(0));

test("what Redis refused is done again when it can be written, and its answer is the answer", async () => {
  const redis = server.connect();
  await limit(1);
  let tries = 0;
  const signal = new AbortController().signal;
  const done = throughTrouble({ redis, log, signal }, async () => {
    tries += 1;
    if (tries === 1) setTimeout(() => void limit(0), 50);
    await redis.set("a", "b");
    return "an answer";
  });
  expect(await done).toBe("an answer");
  expect(tries).toBe(2);
});

test("what is no trouble is not tried again", async () => {
  const redis = server.connect();
  await redis.set("text", "x");
  const signal = new AbortController().signal;
  await expect(throughTrouble({ redis, log, signal }, () => redis.lpush("text", "y"))).rejects.toThrow(/WRONGTYPE/);
});

test("an abort ends the waiting, also while Redis says nothing at all", async () => {
  const redis = server.connect();
  await redis.ping();
  const ending = new AbortController();
  process.kill(server.server().pid, "SIGSTOP");
  try {
    const waiting = waitUntilWritable({ redis, log, signal: ending.signal });
    setTimeout(() => ending.abort(new Error("the end")), 300);
    await expect(waiting).rejects.toThrow("the end");
  } finally {
    process.kill(server.server().pid, "SIGCONT");
  }
});

test("an abort ends the waiting between two questions", async () => {
  await limit(1);
  await expect(waitUntilWritable({ redis: server.connect(), log, signal: AbortSignal.timeout(100) })).rejects.toThrow(
    "aborted",
  );
});

test("whoever waits says so again after ten seconds, also who began to wait while nothing was said", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    await limit(1);
    const logged: string[] = [];
    const ending = new AbortController();
    const waiting = waitUntilWritable({ redis: server.connect(), log: gatheringLog(logged), signal: ending.signal });
    for (const times of [1, 2]) {
      vi.advanceTimersByTime(10_000);
      await eventually(() => expect(logged).toHaveLength(times));
    }
    ending.abort();
    await expect(waiting).rejects.toThrow("aborted");
    expect(logged).toEqual(["redis.trouble", "redis.trouble"]);
  } finally {
    vi.useRealTimers();
  }
});
