import { readdirSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Click } from "./plain-mapping.ts";
import { startReport } from "./report.ts";

/** Decodes the files and adds one job for each event, a few hundred at a time. */
const [folder = "", redisUrl = ""] = process.argv.slice(2);
const addedAtOnce = 500;

const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = new Queue<Click>("events", { connection: redis });
await queue.waitUntilReady();
const report = startReport();
const add = (records: readonly Click[]) =>
  queue.addBulk(
    records.map((data) => ({ name: "event", data, opts: { jobId: `e-${data.id}`, removeOnComplete: true } })),
  );
let waiting: Click[] = [];
for (const name of readdirSync(folder))
  for await (const record of avsc.createFileDecoder(join(folder, name)) as AsyncIterable<Click>) {
    waiting.push(record);
    if (waiting.length < addedAtOnce) continue;
    await add(waiting);
    waiting = [];
  }
await add(waiting);
report();
await queue.close();
await redis.quit();
