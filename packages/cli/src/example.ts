import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { type Manifest, idsToDeliver } from "@currents-relay/sim/currents-maker/manifest.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { startEmbeddedRedis } from "./embedded-redis.ts";
import { exampleReport } from "./example-report.ts";
import { exitCodes } from "./exit-codes.ts";
import { print, printError } from "./output.ts";
import { defaultConfig, readConfig } from "./read-config.ts";
import { composeProcess } from "./relay-process.ts";
import { runOnce } from "./run-once.ts";

const folder = resolve(".relay", "example");
const events = 20_000;

/** The whole way once, on this machine alone: made-up Currents files -> the three stages -> the stand-in for Segment. */
export const runExample = async (): Promise<number> => {
  print(`The bundled example: ${events.toLocaleString("en-US")} made-up events, from files as Braze writes them, through the
three stages, to a stand-in for Segment on this machine. Nothing leaves it.\n`);
  const { redisUrl } = readEnvironment();
  // First of all: it finds out whether the example runs here already.
  const redis = redisUrl === undefined ? await startEmbeddedRedis(resolve(".relay", "example-redis")) : undefined;
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return await withSegment((segment) => run(redis?.url ?? redisUrl ?? "", segment));
  } finally {
    await redis?.stop();
  }
};

const withSegment = async (act: (segment: SegmentSim) => Promise<number>): Promise<number> => {
  const segment = await startSegmentSim({ logFile: join(folder, "received.ndjson") });
  try {
    return await act(segment);
  } finally {
    await segment.stop();
  }
};

const run = async (redisUrl: string, segment: SegmentSim): Promise<number> => {
  const config = join(folder, defaultConfig);
  await writeFile(config, exampleConfig(segment.url));
  const loaded = readConfig(config);
  const manifest = await makeFiles();
  const stages = ["ingest", "transform", "deliver"] as const;
  const relay = await composeProcess({ loaded, redisUrl, stages, adminPort: 0, logLevel: "error", isOnce: true });
  const startedMs = performance.now();
  const { summary, isStopped } = await runOnce(relay, loaded.config.workspaces);
  if (isStopped) {
    printError("Stopped before the end.");
    return exitCodes.notYet;
  }
  const tookMs = performance.now() - startedMs;
  const wrong = [...idsToDeliver(manifest)].filter(({ id }) => segment.ids().get(id) !== 1).length;
  const shown = relative(process.cwd(), folder);
  print(exampleReport({ manifest, summary, received: segment.stats(), wrong, tookMs }));
  print(`
To look at:  ${shown}/currents         what Braze writes
             ${shown}/received.ndjson  what the stand-in for Segment got
             ${shown}/${defaultConfig}       the configuration of this run; yours will look much the same
Next:        pnpm -s relay map FILE          the Segment calls of one of the files
             pnpm start                      with a ${defaultConfig} of yours in this folder (see the README)`);
  return wrong === 0 ? exitCodes.ok : exitCodes.failed;
};

/** A Redis that the user named remembers the ids of earlier runs, so each run makes others. */
const makeFiles = (): Promise<Manifest> =>
  makeCurrents({
    into: join(folder, "currents"),
    seed: Date.now() % 2 ** 31,
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
const exampleConfig = (segmentUrl: string): string => `# The example ran with this; a real one looks much the same.
version: 1
workspaces:
  example:
    segment:
      writeKey: example-write-key # a real one comes from the environment: "\${ACME_WRITE_KEY}"
      endpoint: ${segmentUrl} # the stand-in of that run; leave it out for Segment itself
      settingsEndpoint: ${segmentUrl}
      eventsPerSecond: 10000 # leave it out for 950, just below Segment's own limit
    connectors:
      engagement:
        contact: data@acme.example
        source: { type: folder, path: ./currents }
`;
