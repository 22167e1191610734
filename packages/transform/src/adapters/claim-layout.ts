import { hash } from "node:crypto";
import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { claimsKey } from "@currents-relay/shared/core/keys.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { type Digest, uuidDigest } from "../core/uuid-digest.ts";

/** How claim.lua sees ids and owners; its header has the rest of the layout. */
export const claimLayout = { idBytes: 8, callBytes: 4, ownerBytes: 6, timeBytes: 6, nameBytes: 10 } as const;

const { idBytes, nameBytes, ownerBytes } = claimLayout;
const bytesOfId = idBytes + nameBytes;
const digest: Digest = new Uint32Array(4);

/** 128 bits of the SHA-256 of any text. */
const hashDigest = (text: string, into: Digest): void => {
  const bytes = hash("sha256", text, "buffer");
  for (let word = 0; word < into.length; word++) into[word] = bytes.readUInt32BE(4 * word);
};

/**
 * A bucket's name: characters of 7, 6, 3, 3, 3... bits. The shortest has two bytes, for 8,192 buckets; each byte more makes
 * eight of one.
 */
const writeName = (ids: Buffer, at: number, low: number, high: number): void => {
  ids[at] = low & 0x7f;
  ids[at + 1] = (low >>> 7) & 0x3f;
  for (let i = 2; i < 8; i++) ids[at + i] = (low >>> (3 * i + 7)) & 0x07;
  for (let i = 8; i < nameBytes; i++) ids[at + i] = (high >>> (3 * i - 24)) & 0x07;
};

/**
 * The ids as claim.lua takes them, 18 bytes each. 64 bits and those of the bucket (13, and more where there are more than
 * 131,072 ids) tell them apart: among 10^9, any two meet with a chance below 10^-9.
 */
export const claimIds = (eventIds: readonly string[]): Buffer => {
  const ids = Buffer.allocUnsafe(eventIds.length * bytesOfId);
  let at = 0;
  for (const eventId of eventIds) {
    if (!uuidDigest(eventId, digest)) hashDigest(eventId, digest);
    ids.writeUInt32BE(digest[0] ?? 0, at);
    ids.writeUInt32BE(digest[1] ?? 0, at + 4);
    writeName(ids, at + idBytes, digest[2] ?? 0, digest[3] ?? 0);
    at += bytesOfId;
  }
  return ids;
};

/** Under what a claim knows its owner. */
export const claimOwner = (owner: JobId): Buffer => hash("sha256", owner, "buffer").subarray(0, ownerBytes);

/**
 * Whose ids are remembered together: the workspace's or, where the configuration says so, each connector's; of a re-reading
 * apart from all else, those of its run.
 */
export const claimScope = (
  workspace: string,
  { scope }: WorkspaceConfig["dedup"],
  { connector, run }: { connector: string; run?: string | undefined },
): string => {
  const all = scope === "connector" ? `${workspace}/${connector}` : workspace;
  return run === undefined ? all : `${all}#${run}`;
};

/** The keys that the script takes: the tables, and what the name of each begins with. */
export const claimKeys = (scope: string): readonly [tables: string, prefix: string] => [
  claimsKey(scope),
  `${claimsKey(scope)}:`,
];

/** The hash with the calls that made a table's claims. */
export const callsKey = (table: string): string => `${table}:calls`;
