import { readFileSync } from "node:fs";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { QueueKind } from "../contracts/jobs.ts";
import { luaScript, type LuaScript } from "../runtime/lua-script.ts";
import type { SpoolEntry } from "./spool.ts";

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

/**
 * In one call of its own thread: 0.4 ms for a request body, to expand as to compress. By the thread pool it takes a third
 * more CPU, and the stages have no use for the time in between.
 */
export const encodeEntry = ({ kind, events, payload }: SpoolEntry): Buffer => {
  const head = Buffer.alloc(headBytes);
  head.write(letters[kind], 0, "latin1");
  head.writeUInt32LE(events, 1);
  return Buffer.concat([head, zstdCompressSync(payload, compression)]);
};

export const ownerLetterOf = (entry: Buffer): string => entry.toString("latin1", 0, 1);
export const payloadOf = (entry: Buffer): Buffer => zstdDecompressSync(entry.subarray(headBytes), decompression);

const preamble = readFileSync(new URL("./entry.lua", import.meta.url), "utf8");
/** One of the spool's scripts; they all know what an entry is. */
export const spoolScript = (
  name: "put" | "move" | "settle" | "inspect" | "forget" | "suspect" | "release",
): LuaScript => luaScript(new URL(`./${name}.lua`, import.meta.url), preamble);
