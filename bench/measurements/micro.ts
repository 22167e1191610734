import { join } from "node:path";
import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import type { Figure, Readings } from "../figure.ts";
import { startMeasured } from "../measured-process.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { startStandIn } from "../stand-in.ts";

const run = async (bench: Bench): Promise<Readings> => {
  const set = await bench.files.get({ events: 5_000, eventsPerFile: 5_000, seed: 8 });
  await using opened = new AsyncDisposableStack();
  const server = await startRedisServer({ aof: "always" });
  opened.defer(() => server.stop());
  const standIn = await startStandIn({ folder: bench.folder, signal: bench.signal });
  opened.defer(() => standIn.process.stop());
  const program = join(import.meta.dirname, "../micro/main.ts");
  const name = `micro-${Date.now()}`;
  const child = startMeasured(name, [process.execPath, program, set.folder, server.url, standIn.url], bench.folder);
  opened.defer(() => child.stop());
  const { code } = await child.ended;
  const output = await child.output();
  if (code !== 0) throw new Error(`micro ended with ${code}:\n${output.slice(-2_000)}`);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Readings; // printed by micro/main.ts
};

const us = (id: string, label: string): Figure => ({ id, label, unit: "us/event", decimals: 2 });

export const micro: Measurement = {
  name: "micro",
  about: "CPU of each step by itself, warm, in one process (with its threads), on one chunk of 500 email clicks",
  figures: [
    us("read", "ingest: read a file, walk its records, cut chunks"),
    us("walk", "  of it, walk"),
    us("spoolChunk", "spool: compress, put, read, expand a chunk"),
    us("decode", "transform: walk and decode"),
    us("map", "transform: map"),
    us("serialise", "transform: serialise"),
    us("mapChunk", "transform: these three and the rest of mapChunk"),
    us("claim", "transform: claim"),
    us("claimInRedis", "  in Redis"),
    us("pack", "transform: pack"),
    us("spoolBody", "spool: compress, put, read, expand a request body"),
    us("send", "deliver: send"),
  ],
  run,
};
