import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createBatchTransport } from "@currents-relay/deliver/adapters/batch-transport.ts";
import { readContainer } from "@currents-relay/ingest/core/avro-container.ts";
import { cutChunks } from "@currents-relay/ingest/core/chunk.ts";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { mapChunk } from "@currents-relay/transform/core/map-chunk.ts";
import { bodyBytes, pack } from "@currents-relay/transform/core/pack.ts";
import { atOnce } from "./at-once.ts";
import { startReport } from "./report.ts";

/**
 * The limit: the relay's own core and transport in one process, with nothing stored, claimed, queued, paced or
 * retried in between. Up to four requests are under way at once, as in the deliver stage.
 */
const [folder = "", url = ""] = process.argv.slice(2);
const requests = atOnce(4);
const pieceBytes = 1024 * 1024;
const rules = { connector: "bench", fields: { remove: [], hash: [] }, eventNames: {}, anonymousUsers: false };

const transport = createBatchTransport({
  endpoint: url,
  writeKey: new Secret("bench-key-baseline"),
  timeoutMs: 10_000,
});
const never = new AbortController().signal;

const send = async (calls: Buffer, count: number): Promise<void> => {
  const answer = await transport.send({ calls, count }, never);
  if (answer.kind !== "response" || answer.status !== 200) throw new Error(`not sent: ${JSON.stringify(answer)}`);
};

const report = startReport();
for (const name of readdirSync(folder)) {
  const bytes = createReadStream(join(folder, name), { highWaterMark: pieceBytes });
  const source = { fileId: name, uri: name };
  const eventTypeOf = () => "users.messages.email.Click";
  for await (const part of cutChunks(readContainer(bytes), {
    connector: "bench",
    source,
    landedAtMs: 0,
    eventTypeOf,
  })) {
    if (part.kind === "fault") throw new Error(part.message);
    for (const body of pack(mapChunk(part.chunk, rules).calls)) {
      await requests.begin(() => send(bodyBytes(body), body.calls.length));
    }
  }
}
await requests.ended();
report();
transport.close();
