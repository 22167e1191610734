import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventTypes } from "@currents-relay/sim/currents-maker/catalog.ts";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { customHttpEvent } from "@currents-relay/sim/braze-sender/custom-http-event.ts";
import { sendEvents } from "@currents-relay/sim/braze-sender/send-events.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { keysBelow, readAvroFile } from "@currents-relay/sim/currents-maker/reading-back.ts";
import { startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { aFolder, openedHttpPort, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedisServer({ aof: "no" });
});
afterAll(() => redis.stop());

const signal = new AbortController().signal;
const token = "a-token-of-acme";

interface Call {
  messageId: string;
  event: string;
}

test("events posted as Braze posts them become the same calls as those of its files, for every event type", async () => {
  const folder = await aFolder();
  const log = join(folder, "calls.ndjson");
  const segment = await startSegmentSim({ logFile: log });
  onTestFinished(() => segment.stop());
  const workspace = (source: string, key: string) => `
    segment: { writeKey: ${key}, endpoint: "${segment.url}", settingsEndpoint: "${segment.url}", eventsPerSecond: 100000 }
    connectors: { all: { source: ${source} } }`;
  await writeFile(
    join(folder, "relay.yaml"),
    `version: 1
redis: { url: "${redis.url}" }
admin: { port: 0 }
http: { port: 0 }
workspaces:
  files:${workspace("{ type: folder, path: ./currents }", "key-of-files")}
  posts:${workspace(`{ type: http, tokens: [${token}] }`, "key-of-posts")}
`,
  );
  const into = join(folder, "currents");
  await makeCurrents({
    into,
    events: 2_000,
    eventTypes,
    duplicatesShare: 0.02,
    anonymousShare: 0.05,
  });
  const events: unknown[] = [];
  for (const key of await keysBelow(into)) {
    if (!key.endsWith(".avro")) continue;
    const eventType = /event_type=([^/]+)/.exec(key)?.[1] ?? "";
    for (const record of (await readAvroFile(join(into, key))).records) events.push(customHttpEvent(eventType, record));
  }

  const relay = startRelayCommand(["start"], { cwd: folder });
  const url = `http://127.0.0.1:${await openedHttpPort(relay)}/v1/currents/posts/all`;
  const junk = [7, null, { event_type: "users.messages.email.Open" }];
  const senders = 6; // at once, as Braze does: what comes together is stored together
  const posted = [...events, ...junk];
  const shares = Array.from({ length: senders }, (_, first) => posted.filter((_event, i) => i % senders === first));
  const reports = await Promise.all(
    shares.map((share) => sendEvents(share, { url, token, batchEvents: 20, isGzip: true, signal })),
  );
  expect(reports.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(posted.length);
  for (const report of reports) expect(report).toMatchObject({ dropped: 0, refused: 0 });
  const again = events.slice(0, 300);
  expect(await sendEvents(again, { url, token, batchEvents: 20, signal })).toMatchObject({ delivered: again.length });
  expect(await sendEvents(events, { url, token: "wrong-token", signal })).toMatchObject({ refused: events.length });

  const status = async () => {
    const { stdout } = await runRelay(["status", "--json"], { cwd: folder });
    return (
      JSON.parse(stdout) as {
        workspaces: {
          workspace: string;
          events: Record<string, unknown>;
          filesWaiting: number;
          backlogEvents: number;
          conservation: unknown;
        }[];
      }
    ).workspaces;
  };
  await until("all is at its end", async () => {
    const all = await status();
    return all.every(
      ({ filesWaiting, backlogEvents, events: { in: taken } }) =>
        filesWaiting === 0 && backlogEvents === 0 && Number(taken) >= events.length,
    );
  });
  const [files, posts] = await status();
  expect(posts?.conservation).toEqual({ holds: true, differences: [] });
  expect(posts?.events).toMatchObject({
    delivered: files?.events["delivered"],
    quarantined: { "bad-record": 2, "missing-id": 1 },
  });
  const taken = Number(posts?.events["in"]);
  // What was sent again may be taken again, beside other requests than before: then its events are duplicates.
  expect(taken).toBeGreaterThanOrEqual(posted.length);
  expect(taken).toBeLessThanOrEqual(posted.length + again.length);
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
  await segment.stop();

  const byKey = new Map<string, Map<string, Call>>();
  for (const line of (await readFile(log, "utf8")).trim().split("\n")) {
    const { writeKey, call } = JSON.parse(line) as { writeKey: string; call: Call }; // the stand-in's own lines
    const { sentAt: _sentAt, ...sent } = call as Call & { sentAt?: string };
    byKey.set(writeKey, (byKey.get(writeKey) ?? new Map()).set(call.messageId, sent));
  }
  const [ofFiles, ofPosts] = [byKey.get("key-of-files"), byKey.get("key-of-posts")];
  expect(ofFiles?.size).toBeGreaterThan(1_500);
  expect(new Set([...(ofFiles?.values() ?? [])].map(({ event }) => event)).size).toBeGreaterThan(60);
  expect(ofPosts).toEqual(ofFiles);
});
