import { readdirSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import { atOnce } from "./at-once.ts";
import { type Click, plainCall } from "./plain-mapping.ts";
import { startReport } from "./report.ts";

/**
 * What one writes when the SDK is too slow: avsc's file decoder, JSON.stringify and fetch, with requests as large as
 * Segment takes, four under way at once. Nothing is stored, checked or sent again.
 */
const [folder = "", url = ""] = process.argv.slice(2);
const requests = atOnce(4);
const mostCharacters = 490_000;

const headers = {
  "content-type": "application/json",
  authorization: `Basic ${Buffer.from("bench-key-baseline:").toString("base64")}`,
};

const post = async (calls: readonly string[]): Promise<void> => {
  const body = `{"batch":[${calls.join(",")}],"sentAt":"${new Date().toISOString()}"}`;
  const response = await fetch(`${url}/v1/batch`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`not sent: ${response.status}`);
  await response.arrayBuffer();
};

const report = startReport();
let [calls, characters]: [string[], number] = [[], 0];
for (const name of readdirSync(folder))
  for await (const record of avsc.createFileDecoder(join(folder, name)) as AsyncIterable<Click>) {
    const call = JSON.stringify({ type: "track", ...plainCall(record) });
    if (characters + call.length > mostCharacters) {
      const full = calls;
      [calls, characters] = [[], 0];
      await requests.begin(() => post(full));
    }
    calls.push(call);
    characters += call.length;
  }
await post(calls);
await requests.ended();
report();
