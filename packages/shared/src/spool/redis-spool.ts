import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import { tallyField } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import {
  acceptedKey,
  archivingKey,
  jobKey,
  spoolEntryKey,
  spoolIndexKey,
  spoolUsageKey,
  tallyKey,
} from "../core/keys.ts";
import { maxAcceptedBytes } from "./accepted.ts";
import { encodeEntry, letterOf, ownerLetterOf, payloadOf, readEntry, salvaged, shrunk, spoolScript } from "./entry.ts";
import { ownersOf } from "./owners.ts";
import type { Spool } from "./spool.ts";

const putScript = spoolScript("put");
const moveScript = spoolScript("move");
const shrinkScript = spoolScript("shrink");
const settleScript = spoolScript("settle");

/** How long a new entry is left alone by the sweeper. Saves it work; what keeps an entry safe is hand-over.ts. */
export const sweepGraceMs = 10_000;

/** The spool of one workspace in Redis. `now` gives UNIX ms, for the sweeper's grace only. */
export const redisSpool = (redis: Redis, workspace: string, now: () => number = Date.now): Spool => {
  const entryKey = (id: JobId): string => spoolEntryKey(workspace, id);
  const ownerKeys = (id: JobId): string[] => ownersOf(id).map((kind) => jobKey(kind, workspace, id));
  const index = spoolIndexKey(workspace);
  const usage = spoolUsageKey(workspace);

  return {
    put: async (entries) => {
      const encoded = entries.map(encodeEntry);
      const keys = entries.flatMap(({ id }) => [entryKey(id), ...ownerKeys(id)]);
      const args = entries.flatMap(({ id }, i) => [id, ...(encoded[i] ?? []), ownersOf(id).length]);
      return { bytes: Number(await putScript(redis, [usage, index, ...keys], [now() + sweepGraceMs, ...args])) };
    },

    read: async (id, kind, openPage) => {
      const entry = await readEntry(redis, entryKey(id));
      if (!entry || (kind && ownerLetterOf(entry) !== letterOf(kind))) return undefined;
      return payloadOf(entry, openPage);
    },

    salvage: async (id) => salvaged(await readEntry(redis, entryKey(id))),

    missing: async (ids) => {
      // Mostly all are there: one command says so.
      if (ids.length === 0 || (await redis.exists(...ids.map(entryKey))) === ids.length) return [];
      const found = await Promise.all(ids.map((id) => redis.exists(entryKey(id))));
      return ids.filter((_, i) => found[i] === 0);
    },

    move: async (id, from, to) => {
      await moveScript(redis, [entryKey(id), usage], [letterOf(from), letterOf(to)]);
    },

    shrink: async (id, kind) => {
      const entry = await readEntry(redis, entryKey(id));
      if (!entry || ownerLetterOf(entry) !== letterOf(kind)) return;
      const smaller = await shrunk(entry);
      if (smaller) await shrinkScript(redis, [entryKey(id), usage], [entry.length, ...smaller]);
    },

    hasLeft: async (id, kind) => {
      const [letter, ...counted] = await Promise.all([
        redis.getrange(entryKey(id), 0, 0),
        ...ownerKeys(id).map((job) => redis.hexists(job, "counted")),
      ]);
      return counted.includes(1) || laterOwners(id, kind).some((later) => letterOf(later) === letter);
    },

    settle: async (id, kind, stage, tally) => {
      const job = jobKey(kind, workspace, id);
      const others = ownerKeys(id).filter((key) => key !== job);
      const sets = [tallyKey(workspace), acceptedKey(workspace), archivingKey(workspace)];
      const keys = [entryKey(id), index, usage, ...sets, job, ...others];
      const counts = Object.entries(tally).flatMap(([label, count]) => [tallyField(stage, label), count]);
      const keepBytes = stage === "deliver" && tally.ok ? maxAcceptedBytes : 0;
      return { counted: (await settleScript(redis, keys, [id, keepBytes, tally.archived ? 1 : 0, ...counts])) === 1 };
    },
  };
};

const laterOwners = (id: JobId, kind: QueueKind): readonly QueueKind[] => {
  const owners = ownersOf(id);
  return owners.slice(owners.indexOf(kind) + 1);
};
