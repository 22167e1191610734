import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { openAnalytics } from "./open-analytics.ts";
import { type Click, plainCall } from "./plain-mapping.ts";

/**
 * One job is one event: mapped, and handed to the SDK, which sends when it has enough. The job ends when the SDK has
 * the event, not when Segment has it: waiting for that would be ten times slower still. Runs until it is killed.
 */
const [redisUrl = "", url = ""] = process.argv.slice(2);

const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
const analytics = openAnalytics(url, 250);
const worker = new Worker<Click>(
  "events",
  ({ data }) => {
    analytics.track(plainCall(data));
    return Promise.resolve();
  },
  { connection: redis, concurrency: 100 },
);
await worker.waitUntilReady();
console.log("ready");
