import { readdirSync } from "node:fs";
import { join } from "node:path";
import avsc from "avsc";
import { type Click, plainCall } from "./plain-mapping.ts";
import { startReport } from "./report.ts";

/**
 * What one writes when the SDK is too slow: avsc's file decoder, JSON.stringify and fetch, with requests as large as
 * Segment takes, four under way at once. Nothing is stored, checked or sent again.
 */
const [folder = "", url = ""] = process.argv.slice(2);
const requestsAtOnce = 4;
const mostCharacters = 490_000;

const headers = {
  "content-type": "application/json",
  authorization: `Basic ${Buffer.from("bench-key-baseline:").toString("base64")}`,
};
const underWay = new Set<Promise<void>>();

const post = async (calls: readonly string[]): Promise<void> => {
  const body = `{"batch":[${calls.join(",")}],"sentAt":"${new Date().toISOString()}"}`;
  const response = await fetch(`${url}/v1/batch`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`not sent: ${response.status}`);
  await response.arrayBuffer();
};
const send = async (calls: readonly string[]): Promise<void> => {
  const sending = post(calls).finally(() => underWay.delete(sending));
  underWay.add(sending);
  if (underWay.size >= requestsAtOnce) await Promise.race(underWay);
};

const report = startReport();
let [calls, characters]: [string[], number] = [[], 0];
for (const name of readdirSync(folder))
  for await (const record of avsc.createFileDecoder(join(folder, name)) as AsyncIterable<Click>) {
    const call = JSON.stringify({ type: "track", ...plainCall(record) });
    if (characters + call.length > mostCharacters) {
      await send(calls);
      [calls, characters] = [[], 0];
    }
    calls.push(call);
    characters += call.length;
  }
await send(calls);
await Promise.all(underWay);
report();
