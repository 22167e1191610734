import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Redis } from "ioredis";
import { keyPrefix } from "../core/keys.ts";
import type { Snapshot } from "./gauges-snapshot.ts";

/** String with an expiry: the latest snapshot, as JSON, compressed. */
const snapshotKey = `${keyPrefix}:gauges`;
const keptMs = 600_000;

/** Compressed: 200 workspaces are 700 KB, and every pod reads them every few seconds. */
const encode = (snapshot: Snapshot): Buffer => zstdCompressSync(JSON.stringify(snapshot));

/** The snapshot that all pods show; undefined: none of the last ten minutes, one of another version, or none of ours. */
export const readSnapshot = async (redis: Redis): Promise<Snapshot | undefined> => {
  const bytes = await redis.getBuffer(snapshotKey);
  if (bytes === null) return undefined;
  try {
    // Written by writeSnapshot, by this version or another.
    const snapshot = JSON.parse(zstdDecompressSync(bytes).toString("utf8")) as Snapshot;
    return snapshot.v === 2 ? snapshot : undefined;
  } catch {
    return undefined; // the next one takes its place
  }
};

export const writeSnapshot = async (redis: Redis, snapshot: Snapshot): Promise<void> => {
  await redis.set(snapshotKey, encode(snapshot), "PX", keptMs);
};
