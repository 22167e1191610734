import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import type { QueueKind } from "../contracts/jobs.ts";
import { luaScript, type LuaScript } from "../runtime/lua-script.ts";
import type { SpoolEntry } from "./spool.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Level 1: 0.8 us an event for 44 bytes of 1,285 (DESIGN section 11); higher levels cost more than they save. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 128 * 1024 };
/** A request body comes out in one piece: with Node's 16 KiB at a time it took four times as long (1.9 ms, not 0.4). */
const decompression = { chunkSize: 512 * 1024 };

const letters: Readonly<Record<QueueKind, string>> = {
  ingest: "i",
  transform: "t",
  deliver: "d",
  deadletter: "x",
  quarantine: "q",
};

/** The first byte of an entry: the queue whose job it waits for. */
export const letterOf = (kind: QueueKind): string => letters[kind];
/** The field of the usage hash with the events that wait for jobs of this queue. */
export const waitingField = (kind: QueueKind): string => `events:${letters[kind]}`;

/** Letter and events (uint32, little-endian); see entry.lua. */
const headBytes = 5;

export const encodeEntry = async ({ kind, events, payload }: SpoolEntry): Promise<Buffer> => {
  const head = Buffer.alloc(headBytes);
  head.write(letters[kind], 0, "latin1");
  head.writeUInt32LE(events, 1);
  return Buffer.concat([head, await compress(payload, compression)]);
};

export const ownerLetterOf = (entry: Buffer): string => entry.toString("latin1", 0, 1);
export const payloadOf = (entry: Buffer): Promise<Buffer> => decompress(entry.subarray(headBytes), decompression);

const preamble = readFileSync(new URL("./entry.lua", import.meta.url), "utf8");
/** One of the spool's scripts; they all know what an entry is. */
export const spoolScript = (
  name: "put" | "move" | "settle" | "inspect" | "forget" | "suspect" | "release",
): LuaScript => luaScript(new URL(`./${name}.lua`, import.meta.url), preamble);
