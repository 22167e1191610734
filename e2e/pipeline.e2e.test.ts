import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { idsToDeliver } from "@currents-relay/sim/currents-maker/manifest.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { batchesOf } from "@currents-relay/shared/queues/batch-notes.ts";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startRelay } from "./support/relay-process.ts";
import { until } from "./support/until.ts";

describe("files to calls, by real processes", () => {
  let folder: string;
  let segment: SegmentSim;
  let redis: RedisServer;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "relay-e2e-"));
    segment = await startSegmentSim({ logFile: join(folder, "received.ndjson") });
    redis = await startRedisServer();
  });
  afterEach(async () => {
    await segment.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const writeConfig = async ({ eventsPerSecond = 100_000, more = "" } = {}) => {
    const file = join(folder, "relay.yaml");
    await writeFile(
      file,
      `version: 1
redis: { url: "${redis.url}" }
workspaces:
  acme:
    segment: { writeKey: acme-key, endpoint: "${segment.url}", settingsEndpoint: "${segment.url}", eventsPerSecond: ${eventsPerSecond} }
${more}    connectors:
      engagement: { source: { type: folder, path: ./currents } }
`,
    );
    return file;
  };

  /** The batches that are noted in the chunks' jobs, and those that became jobs of deliver. */
  const batches = async () => {
    const client = new Redis(redis.url);
    const idsOf = async (queue: string, letter: string) => {
      const keys = await client.keys(`relay:${queue}-acme:${letter}-*`);
      return keys.map((key) => key.slice(key.lastIndexOf(":") + 1) as JobId); // keys.ts makes them so
    };
    const chunks = await idsOf("transform", "t");
    const noted = await Promise.all(chunks.map((chunk) => batchesOf(client, "acme", chunk)));
    const added = await idsOf("deliver", "d");
    await client.quit();
    return { noted: noted.flat().toSorted(), added: added.toSorted() };
  };

  it("every type, codec, layout and fault of Currents files: each id that must arrive does, once", async () => {
    const manifest = await makeCurrents({
      into: join(folder, "currents"),
      events: 12_000,
      eventsPerFile: 300,
      codec: "mixed",
      layout: "mixed",
      duplicatesShare: 0.05,
      anonymousShare: 0.1,
      nullShare: 0.3,
      corrupt: true,
      truncated: true,
      notAvro: true,
    });
    const relay = startRelay(["start", "--once", "--config", await writeConfig(), "--admin-port", "0"]);
    expect(await relay.exited, relay.stderr()).toBe(0);
    const summary = JSON.parse(relay.stdout().trim().split("\n").at(-1) ?? "") as { files: object; events: object };
    const wanted = [...idsToDeliver(manifest)].map(({ id }) => id);
    expect(new Map(segment.ids())).toEqual(new Map(wanted.map((id) => [id, 1])));
    expect(summary).toMatchObject({
      files: { done: manifest.files.length - 3, quarantined: 3 },
      events: { delivered: wanted.length, held: 0, quarantined: {} },
    });
    const { noted, added } = await batches();
    expect(added.length).toBeGreaterThan(40);
    expect(noted).toEqual(added);
    await segment.stop();
    const lines = (await readFile(join(folder, "received.ndjson"), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(wanted.length);
  });

  it("a second run takes nothing again, and new files only", async () => {
    const currents = { into: join(folder, "currents"), events: 500, eventTypes: ["users.messages.email.Open"] };
    await makeCurrents(currents);
    const config = await writeConfig();
    const run = async () => {
      const relay = startRelay(["start", "--once", "--config", config, "--admin-port", "0"]);
      await relay.exited;
      return (JSON.parse(relay.stdout()) as { events: { delivered: number } }).events.delivered;
    };
    expect(await run()).toBe(500);
    expect(await run()).toBe(0);
    await makeCurrents({ ...currents, events: 40, seed: 2, baseTimeMs: 1_800_000_000_000 });
    expect(await run()).toBe(40);
  });

  it("in any second, two deliver processes together send at most the rate and one batch", async () => {
    const eventsPerSecond = 2_000;
    const manifest = await makeCurrents({
      into: join(folder, "currents"),
      events: 12_000,
      eventTypes: ["users.messages.email.Click"],
    });
    const config = await writeConfig({ eventsPerSecond });
    // The stand-in is in this process: what arrives while it stalls is seen at the end of the stall.
    const stalls = monitorEventLoopDelay();
    stalls.enable();
    const stages = ["ingest", "transform", "deliver", "deliver"].map((stage) =>
      startRelay([stage, "--config", config, "--admin-port", "0"]),
    );
    await until("every event is delivered", () => segment.ids().size === manifest.distinctIds);
    stalls.disable();
    const codes = await Promise.all(stages.map((stage) => stage.stop()));
    expect(codes).toEqual([0, 0, 0, 0]);
    const arrivals = segment.arrivals();
    const mostInASecond = Math.max(
      ...arrivals.map(({ atMs }) =>
        arrivals
          .filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000)
          .reduce((sum, { events }) => sum + events, 0),
      ),
    );
    const largestBatch = Math.max(...arrivals.map(({ events }) => events));
    // A busy machine sends late, which is credited (take.lua), and arrives late: a tenth of a second each.
    const mostStalledSeconds = stalls.max / 1e9;
    expect(mostInASecond).toBeLessThanOrEqual(eventsPerSecond * (1.2 + mostStalledSeconds) + largestBatch);
    const tookMs = (arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0);
    expect((12_000 - 500) / (tookMs / 1_000)).toBeGreaterThan(eventsPerSecond * 0.5);
  });
});
