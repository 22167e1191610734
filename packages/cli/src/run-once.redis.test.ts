import { tallyField } from "@currents-relay/shared/contracts/tally.ts";
import { tallyKey } from "@currents-relay/shared/core/keys.ts";
import { aConfig, goodConfig } from "@currents-relay/shared/config/config-text.testing.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { type OnceProcess, runOnce } from "./run-once.ts";

const server = useRedis();
const { workspaces } = goodConfig(aConfig()).config;

/** A process with nothing in its queues, whose drain counts a file and ends the connection, as a real one's does. */
const aProcess = (): OnceProcess => {
  const redis = server.connect();
  const count = () => redis.hincrby(tallyKey("acme"), tallyField("ingest", "file:quarantined"), 1);
  return {
    redis,
    ingest: { listedOnce: () => Promise.resolve() },
    lifecycle: {
      start: () => Promise.resolve(),
      stop: async () => {
        await count();
        await redis.quit();
      },
    },
  };
};

test("what only the drain counts, as the job of the last file was done a moment ago, is in the summary", async () => {
  const first = await runOnce(aProcess(), workspaces);
  expect(first).toMatchObject({ isStopped: false, summary: { files: { done: 0, quarantined: 1 } } });
});

test("what was counted before this run is not", async () => {
  await server.connect().hset(tallyKey("acme"), tallyField("ingest", "file:quarantined"), 5);
  const { summary } = await runOnce(aProcess(), workspaces);
  expect(summary.files.quarantined).toBe(1);
});
