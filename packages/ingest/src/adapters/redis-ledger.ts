import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { ledgerKey } from "@currents-relay/shared/core/keys.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";
import { createHash, randomUUID } from "node:crypto";
import type { Mark, Marks, Sweep } from "../core/marks.ts";

const takeScript = luaScript(new URL("./redis-ledger-take.lua", import.meta.url));
const advanceScript = luaScript(new URL("./redis-ledger-advance.lua", import.meta.url));
const sweepScript = luaScript(new URL("./redis-ledger-sweep.lua", import.meta.url));

/** A file that a listing came upon, and the time (UNIX ms) by which its scope's mark judges it. */
export interface FoundFile {
  id: FileId;
  atMs: number;
}

/**
 * What is known of one source: how far each scope has been taken (its mark), and one by one the objects behind the
 * mark that were taken (a bounded number) and those that are queued but not read to their end (open).
 */
export interface ListingLedger {
  /** The marks, and the ledger's birth: another one means that Redis was lost and all of it forgotten. */
  open: () => Promise<{ birth: string; isNew: boolean; marks: Marks }>;
  /** Of files of one scope: those that nobody had seen (now open), and those that are open already. */
  take: (scope: string, files: readonly FoundFile[]) => Promise<{ unseen: FileId[]; open: FileId[] }>;
  /** Moves a mark on, once everything up to it is queued. Never back, whoever else moves it. */
  advance: (scope: string, mark: Mark) => Promise<void>;
  /** Moves the full listing on to a key ("": its end); false if another pod has moved it meanwhile. */
  sweepTo: (from: Sweep, to: string) => Promise<boolean>;
  /** How many files are open: they wait, or are in hand, or lost their jobs. */
  openFiles: () => Promise<number>;
  forget: (scope: string, unseenSinceMs: number) => Promise<void>;
  /** The file was read to its end. Twice is once. */
  finish: (file: FileId) => Promise<void>;
  /** Nothing of the file was read, and it has no job any more: it is unseen again. One that is not open stays as it is. */
  release: (file: FileId) => Promise<void>;
}

/** The ledger of one connector, as it reads one source: another bucket or prefix has another ledger. */
export const redisLedger = (redis: Redis, workspace: string, connector: string, source = ""): ListingLedger => {
  const base = `${ledgerKey(workspace, connector)}:${createHash("sha256").update(source).digest("hex").slice(0, 8)}`;
  const [marksKey, openKey] = [`${base}:marks`, `${base}:open`];
  const takenKey = (scope: string) => `${base}:taken:${scope}`;
  return {
    open: async () => {
      const { born, ...fields } = await redis.hgetall(marksKey);
      if (born !== undefined) return { birth: born, isNew: false, marks: marksOf(fields) };
      const isNew = (await redis.hsetnx(marksKey, "born", randomUUID())) === 1;
      // Whoever was first wrote it; undefined only if Redis lost it in between, and then the next round sees a new one.
      return { birth: (await redis.hget(marksKey, "born")) ?? "", isNew, marks: marksOf(fields) };
    },
    take: async (scope, files) => {
      const args = files.flatMap(({ id, atMs }) => [id, Math.trunc(atMs)]);
      const keys = [marksKey, openKey, takenKey(scope)];
      // The script's own answer: two lists of the ids that it was given.
      const [unseen, open] = (await takeScript(redis, keys, [scope, ...args])) as [FileId[], FileId[]];
      return { unseen, open };
    },
    advance: async (scope, { reachedMs, takenBeforeMs }) => {
      await advanceScript(redis, [marksKey, takenKey(scope)], [scope, reachedMs, takenBeforeMs]);
    },
    sweepTo: async ({ startedMs, cursor }, to) => (await sweepScript(redis, [marksKey], [startedMs, cursor, to])) === 1,
    openFiles: () => redis.hlen(openKey),
    forget: async (scope, unseenSinceMs) => {
      await redis.zremrangebyscore(takenKey(scope), "-inf", `(${unseenSinceMs}`);
    },
    finish: async (file) => {
      const [, atMs, scope = ""] = /^(\d+) (.*)$/s.exec((await redis.hget(openKey, file)) ?? "") ?? [];
      // Not open: it was finished before this job's worker was killed.
      if (atMs === undefined) return;
      await redis.multi().zadd(takenKey(scope), atMs, file).hdel(openKey, file).exec();
    },
    release: async (file) => {
      await redis.hdel(openKey, file);
    },
  };
};

/** Reads what the scripts wrote. */
const marksOf = (fields: Readonly<Record<string, string>>): Marks => {
  const scopes = new Map<string, Mark>();
  for (const [field, value] of Object.entries(fields)) {
    const [, reachedMs, takenBeforeMs] = /^(\d+) (\d+)$/.exec(value) ?? [];
    if (field.startsWith("scope ") && reachedMs !== undefined)
      scopes.set(field.slice("scope ".length), { reachedMs: Number(reachedMs), takenBeforeMs: Number(takenBeforeMs) });
  }
  const [, startedMs, cursor = ""] = /^(\d+) (.*)$/s.exec(fields["sweep"] ?? "") ?? [];
  return { scopes, sweep: startedMs === undefined ? undefined : { startedMs: Number(startedMs), cursor } };
};
