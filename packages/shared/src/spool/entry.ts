import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { type QueueKind, queueKinds } from "../contracts/jobs.ts";
import { errorText } from "../core/error-text.ts";
import { DamagedPayload } from "../core/damaged-payload.ts";
import type { OpenPage } from "../core/pages.ts";
import { luaScript, type LuaScript } from "../runtime/lua-script.ts";
import { canBeSmaller, compressed, compressedHard, expanded } from "./compressed.ts";
import { fitted } from "./fitted.ts";
import type { SpoolEntry } from "./spool.ts";

const letters: Readonly<Record<QueueKind, string>> = {
  ingest: "i",
  transform: "t",
  deliver: "d",
  deadletter: "x",
  quarantine: "q",
};

/** The first byte of an entry: the queue whose job it waits for. */
export const letterOf = (kind: QueueKind): string => letters[kind];
/** The queue of such a letter; undefined for any other. */
export const kindOf = (letter: string): QueueKind | undefined => queueKinds.find((kind) => letters[kind] === letter);
/** The field of the usage hash with the events that wait for jobs of this queue. */
export const waitingField = (kind: QueueKind): string => `events:${letters[kind]}`;

/** Letter and events (uint32, little-endian); see entry.lua. */
const headBytes = 5;

/** As the scripts take it: the first part and the rest. */
type Encoded = [first: Buffer, rest: Buffer];

export const encodeEntry = ({ kind, events, payload }: SpoolEntry): Encoded => {
  const head = Buffer.alloc(headBytes);
  head.write(letters[kind], 0, "latin1");
  head.writeUInt32LE(events, 1);
  return fitted(Buffer.concat([head, compressed(payload)]));
};

/** The same entry in fewer bytes, if it gets any smaller. */
export const shrunk = async (entry: Buffer): Promise<Encoded | undefined> => {
  if (!canBeSmaller(entry.subarray(headBytes))) return undefined;
  const hard = await compressedHard(payloadOf(entry));
  if (hard.length >= entry.length - headBytes) return undefined;
  return fitted(Buffer.concat([entry.subarray(0, headBytes), hard]));
};

/** Both parts (entry.lua) of what lies under this key, in one step; undefined when nothing does. */
export const readEntry = async (redis: Redis, key: string): Promise<Buffer | undefined> => {
  const [first, rest] = await redis.mgetBuffer(key, `${key}:rest`);
  if (!first) return undefined;
  return rest ? Buffer.concat([first, rest]) : first;
};

export const ownerLetterOf = (entry: Buffer): string => entry.toString("latin1", 0, 1);
/** Throws DamagedPayload. */
export const payloadOf = (entry: Buffer, openPage?: OpenPage): Buffer => {
  try {
    return expanded(entry.subarray(headBytes), openPage);
  } catch (error) {
    const why = errorText(error);
    throw new DamagedPayload(`the payload is damaged in Redis (${why})`, { cause: error });
  }
};

/** The payload, or as it lies in Redis where it is damaged. */
export const salvaged = (entry: Buffer | undefined): Buffer => {
  if (!entry) return Buffer.alloc(0);
  try {
    return payloadOf(entry);
  } catch {
    return entry.subarray(headBytes);
  }
};

const preamble = readFileSync(new URL("./entry.lua", import.meta.url), "utf8");
/** One of the spool's scripts; they all know what an entry is. */
export const spoolScript = (
  name: "put" | "move" | "settle" | "inspect" | "forget" | "suspect" | "release" | "shrink",
): LuaScript => luaScript(new URL(`./${name}.lua`, import.meta.url), preamble);
