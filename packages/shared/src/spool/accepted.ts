import type { Redis } from "ioredis";
import type { DeliverJob } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { acceptedKey, spoolEntryKey, spoolUsageKey, suspectsKey } from "../core/keys.ts";
import { payloadOf, readEntry, spoolScript } from "./entry.ts";

const forgetScript = spoolScript("forget");
const suspectScript = spoolScript("suspect");
const releaseScript = spoolScript("release");
const pageEntries = 500;

/** Up to so many bytes of payload a workspace keeps what was accepted since the last good word on its key. */
export const maxAcceptedBytes = 16 * 1024 * 1024;

export interface Suspect {
  id: JobId;
  data: DeliverJob;
  /** UNIX ms. */
  acceptedAtMs: number;
  /** As Redis lists it. */
  member: string;
}

/**
 * What Segment accepted, kept until the key is verified once more: its 200 proves nothing. If the next word is a bad
 * one, the batches are *suspects*, which stay until somebody sends them again or their time is over.
 */
export interface AcceptedBatches {
  /** The key was good so long ago: what was accepted before is safe and is removed. May be repeated. */
  confirm: (agoMs: number) => Promise<void>;
  /** The key was bad: everything accepted since the last good word is suspect. Resolves with how many events are. */
  suspect: () => Promise<{ events: number; unkept: number }>;
  /** Suspects that were accepted longer ago than this are removed. */
  expire: (agoMs: number) => Promise<void>;
  /** The suspects, oldest first: references, a minute's worth or a few. */
  suspects: () => Promise<Suspect[]>;
  /** The calls of a suspect's batch; undefined when it is gone. */
  payload: (suspect: Suspect) => Promise<Buffer | undefined>;
  /** It is no suspect any more. */
  release: (suspect: Suspect) => Promise<void>;
}

export const acceptedBatches = (redis: Redis, workspace: string): AcceptedBatches => {
  const [accepted, suspects] = [acceptedKey(workspace), suspectsKey(workspace)];
  const usage = spoolUsageKey(workspace);
  const entryPrefix = spoolEntryKey(workspace, "" as JobId); // the start of every entry's key

  const forget = async (set: string, field: "accepted" | "suspect", agoMs: number): Promise<void> => {
    // A kill here: the rest is removed the next time.
    for (;;) {
      const args = [field, Math.max(0, Math.ceil(agoMs)), pageEntries];
      if (Number(await forgetScript(redis, [set, usage, entryPrefix], args)) < pageEntries) return;
    }
  };

  return {
    confirm: (agoMs) => forget(accepted, "accepted", agoMs),
    expire: (agoMs) => forget(suspects, "suspect", agoMs),
    suspect: async () => {
      // suspect.lua's own answer.
      const [events, unkept] = (await suspectScript(redis, [accepted, suspects, usage], [])) as [number, number];
      return { events, unkept };
    },
    suspects: async () => {
      const listed = await redis.zrange(suspects, "0", "-1", "WITHSCORES");
      return listed.flatMap((member, i) => (i % 2 === 0 ? [suspectOf(member, Number(listed[i + 1]))] : []));
    },
    payload: async ({ id }) => {
      const entry = await readEntry(redis, spoolEntryKey(workspace, id));
      return entry && payloadOf(entry);
    },
    release: async ({ member }) => {
      await releaseScript(redis, [suspects, usage, entryPrefix], [member]);
    },
  };
};

/** Written by keepEntry (entry.lua): the job's id and its data. */
const suspectOf = (member: string, acceptedAtMs: number): Suspect => {
  const space = member.indexOf(" ");
  const [id, data] = [member.slice(0, space), member.slice(space + 1)];
  return { id: id as JobId, data: JSON.parse(data) as DeliverJob, acceptedAtMs, member };
};
