import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { pino } from "pino";
import { ok } from "../../core/outcome.ts";
import { startStageWorker } from "../stage-worker.ts";
import { quickly } from "./quickly.ts";

/**
 * A process with a stage worker that the job "t-poison" kills at once, each time; other jobs take a moment. What becomes
 * of jobs stands in two hashes: `ended` and `aside`. Arguments: the URL of Redis.
 */
// Ends with whoever started it.
process.stdin.resume().on("end", () => process.kill(process.pid, "SIGKILL"));

const redis = new Redis(process.argv[2] ?? "", { maxRetriesPerRequest: null });

startStageWorker({
  workspace: "acme",
  kind: "transform",
  redis,
  log: pino({ level: "silent" }),
  concurrency: 3,
  retryWaitsFor: "job",
  timing: quickly,
  handle: async ({ id }) => {
    await redis.hincrby("runs", id, 1);
    if (id === "t-poison") process.kill(process.pid, "SIGKILL");
    await delay(100);
    return ok({ in: 1, ok: 1 });
  },
  setAside: async ({ id }, reason, cause) => {
    await redis.hset("aside", id, `${reason}: ${cause.message}`);
    return { in: 1, [`quarantined:${reason}`]: 1 };
  },
  settle: async (id) => {
    await redis.hset("ended", id, "yes");
  },
});
