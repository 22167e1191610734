import { rereadRunsKey } from "@currents-relay/shared/core/keys.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, onTestFinished, test } from "vitest";
import { lastRuns, noteRun } from "./reread-runs.ts";

const server = useRedis();
const dayMs = 86_400_000;

test("runs are known for 30 days, the last hundred of them, the one that was gone on with last first", async () => {
  const redis = server.connect();
  const note = (run: string, atMs: number) => noteRun(redis, "acme", run, atMs);
  await note("old", dayMs);
  await note("first", 31 * dayMs - 1);
  await note("second", 31 * dayMs);
  await note("first", 31 * dayMs + 1);
  expect(await lastRuns(redis, "acme")).toEqual(["first", "second"]);
  for (let i = 0; i < 99; i++) await note(`run-${i}`, 32 * dayMs + i);
  const all = await lastRuns(redis, "acme");
  expect([all.length, all[0], all.at(-1)]).toEqual([100, "run-98", "first"]);
  expect(await redis.pttl(rereadRunsKey("acme"))).toBeGreaterThan(29 * dayMs);
  expect(await lastRuns(redis, "globex")).toEqual([]);
});

test("what a full Redis says of it is heard as it is", async () => {
  const redis = server.connect();
  await redis.config("SET", "maxmemory", "1");
  onTestFinished(() => void redis.config("SET", "maxmemory", "0"));
  await expect(noteRun(redis, "acme", "run")).rejects.toThrow(/^OOM /);
});
