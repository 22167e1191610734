import { afterEach, expect, test } from "vitest";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { throughTrouble, waitUntilWritable } from "./redis-trouble.ts";

const server = useRedis();
const limit = (bytes: number) => server.connect().config("SET", "maxmemory", bytes);
afterEach(() => limit(0));

test("what Redis refused is done again when it can be written, and its answer is the answer", async () => {
  const redis = server.connect();
  await limit(1);
  let tries = 0;
  const signal = new AbortController().signal;
  const done = throughTrouble({ redis, log: gatheringLog([]), signal }, async () => {
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
  await expect(
    throughTrouble({ redis, log: gatheringLog([]), signal }, () => redis.lpush("text", "y")),
  ).rejects.toThrow(/WRONGTYPE/);
});

test("an abort ends the waiting, also while Redis says nothing at all", async () => {
  const redis = server.connect();
  await redis.ping();
  const ending = new AbortController();
  process.kill(server.server().pid, "SIGSTOP");
  try {
    const waiting = waitUntilWritable(redis, ending.signal);
    setTimeout(() => ending.abort(new Error("the end")), 300);
    await expect(waiting).rejects.toThrow("the end");
  } finally {
    process.kill(server.server().pid, "SIGCONT");
  }
});

test("an abort ends the waiting between two questions", async () => {
  await limit(1);
  await expect(waitUntilWritable(server.connect(), AbortSignal.timeout(100))).rejects.toThrow("aborted");
});
