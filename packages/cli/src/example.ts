import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import type { RunSummary } from "@currents-relay/shared/stage/status.ts";
import { type Manifest, idsToDeliver } from "@currents-relay/sim/currents-maker/manifest.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { startEmbeddedRedis } from "./embedded-redis.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatCount, print, table } from "./output.ts";
import { readConfig } from "./read-config.ts";
import { composeProcess } from "./relay-process.ts";
import { runOnce } from "./run-once.ts";

const folder = resolve(".relay", "example");
const events = 20_000;

/** The whole way once, on this machine alone: made-up Currents files -> the three stages -> the stand-in for Segment. */
export const runExample = async (): Promise<number> => {
  print(
    "No relay.yaml here, so this is the bundled example: Currents files -> relay -> a local stand-in for Segment.\n",
  );
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = await makeFiles();
  const segment = await startSegmentSim({ logFile: join(folder, "segment-received.ndjson") });
  const redisUrl = readEnvironment().redisUrl;
  const own = redisUrl === undefined ? await startEmbeddedRedis(join(folder, "redis")) : undefined;
  try {
    const config = join(folder, "relay.yaml");
    await writeFile(config, exampleConfig(segment.url));
    const loaded = readConfig(config);
    const stages = ["ingest", "transform", "deliver"] as const;
    const relay = composeProcess({
      loaded,
      redisUrl: own?.url ?? redisUrl ?? "",
      stages,
      adminPort: 0,
      logLevel: "error",
    });
    const startedMs = performance.now();
    const { summary, isStopped } = await runOnce(relay, ["example"]);
    report(manifest, summary, { segment, tookMs: performance.now() - startedMs });
    return isStopped || !isComplete(manifest, segment) ? exitCodes.failed : exitCodes.ok;
  } finally {
    await segment.stop();
    await own?.stop();
  }
};

const makeFiles = (): Promise<Manifest> =>
  makeCurrents({
    into: join(folder, "currents"),
    events,
    eventsPerFile: 500,
    codec: "mixed",
    layout: "mixed",
    duplicatesShare: 0.02,
    anonymousShare: 0.05,
    corrupt: true,
    truncated: true,
    notAvro: true,
    baseTimeMs: Date.now(),
  });

/** The port of the stand-in changes with every run, so the configuration is written anew. */
const exampleConfig = (segmentUrl: string): string => `# What \`pnpm start\` ran; a real one looks the same.
version: 1
workspaces:
  example:
    segment:
      writeKey: example-write-key
      endpoint: ${segmentUrl} # the stand-in; left out, Segment itself
      settingsEndpoint: ${segmentUrl}
      eventsPerSecond: 10000
    connectors:
      engagement:
        contact: data@acme.example
        source: { type: folder, path: ./currents }
`;

const isComplete = (manifest: Manifest, segment: SegmentSim): boolean =>
  idsToDeliver(manifest).every(({ id }) => segment.ids().get(id) === 1);

const report = (
  manifest: Manifest,
  { files, events: counts }: RunSummary,
  { segment, tookMs }: { segment: SegmentSim; tookMs: number },
): void => {
  const received = segment.stats();
  const rows = [
    ["written by the stand-in for Braze", `${formatCount(manifest.events)} events`, `${manifest.files.length} files`],
    ["read", `${formatCount(counts.in)} events`, `${files.done + files.quarantined} files`],
    ...Object.entries(counts.dropped).map(([reason, count]) => [
      `  dropped: ${reason}`,
      `${formatCount(count)} events`,
      "",
    ]),
    ...Object.entries(counts.quarantined)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => [`  set aside: ${reason}`, `${formatCount(count)} events`, ""]),
    ["  files with a part that cannot be read", "", `${files.quarantined} files`],
    ["delivered", `${formatCount(counts.delivered)} calls`, ""],
    ["received by the stand-in for Segment", `${formatCount(received.accepted)} calls`, ""],
    ["  of them a second time", `${formatCount(received.repeats)} calls`, ""],
  ];
  print(table(rows));
  const verdict = isComplete(manifest, segment)
    ? "Every event that had to arrive did, exactly once"
    : "NOT every event that had to arrive did, exactly once: this is a bug";
  print(`\n${verdict}: ${formatCount(counts.delivered)} in ${(tookMs / 1_000).toFixed(1)} s.`);
  const shown = relative(process.cwd(), folder);
  print(`Look at it: ${shown}/currents (what Braze writes), ${shown}/segment-received.ndjson (what Segment got),`);
  print(`${shown}/relay.yaml (the configuration). Yours: write a relay.yaml as the README shows, and start again.`);
};
