import { tallyField } from "@currents-relay/shared/contracts/tally.ts";
import { tallyKey } from "@currents-relay/shared/core/keys.ts";
import { aConfig, goodConfig } from "@currents-relay/shared/config/config-text.testing.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { type OnceProcess, runOnce } from "./run-once.ts";

const server = useRedis();
const { workspaces } = goodConfig(aConfig()).config;

/**
 * A process with nothing in its queues. Its start counts `atStart` files, its drain one more, and the drain ends the
 * connection, as a real one's does.
 */
const aProcess = ({ listed = Promise.resolve(), atStart = 0 } = {}): OnceProcess => {
  const redis = server.connect();
  const count = (files: number) => redis.hincrby(tallyKey("acme"), tallyField("ingest", "file:quarantined"), files);
  return {
    redis,
    ingest: { listedOnce: () => listed },
    lifecycle: {
      start: async () => void (await count(atStart)),
      stop: async () => {
        await count(1);
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

test("a run that a signal ends tells what it saw last, and asks nothing more of a Redis that may be gone", async () => {
  const screen = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => screen.mockRestore());
  const run = runOnce(aProcess({ listed: new Promise(() => undefined), atStart: 3 }), workspaces);
  await eventually(() => expect(screen).toHaveBeenCalledWith(expect.stringContaining("events/s")));
  process.emit("SIGTERM", "SIGTERM");
  expect(await run).toMatchObject({ isStopped: true, summary: { files: { quarantined: 3 } } });
});
