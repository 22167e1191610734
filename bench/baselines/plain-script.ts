import { readdirSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import { openAnalytics } from "./open-analytics.ts";
import { type Click, plainCall } from "./plain-mapping.ts";
import { startReport } from "./report.ts";

/**
 * What one writes first: avsc's file decoder and the SDK, file by file. Nothing is stored, nothing is sent once only,
 * and a crash starts over. The SDK sends whenever it has enough, and holds the rest in memory.
 */
const [folder = "", url = "", flushAt = "15"] = process.argv.slice(2);

const report = startReport();
const analytics = openAnalytics(url, Number(flushAt));
for (const name of readdirSync(folder))
  for await (const record of avsc.createFileDecoder(join(folder, name)) as AsyncIterable<Click>)
    analytics.track(plainCall(record));
await analytics.closeAndFlush({ timeout: 60_000 });
report();
