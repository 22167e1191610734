import { jobKey, spoolEntryKey, spoolUsageKey, tallyKey } from "@currents-relay/shared/core/keys.ts";
import { batchesOf } from "@currents-relay/shared/queues/batch-notes.ts";
import { ownersOf } from "@currents-relay/shared/spool/owners.ts";
import { encodeEntry } from "@currents-relay/shared/spool/entry.ts";
import type { Redis } from "ioredis";
import { contentOf, payloadOf, type QuarantineLine } from "../core/quarantine-content.ts";
import type { RestoredInPart } from "../core/desk-entry.ts";
import type { Desk } from "../desk.ts";
import type { OpenEntry, ReplayPorts } from "../replay-quarantine.ts";
import { deskScript, tallyPairs } from "./desk-keys.ts";

const replaceScript = deskScript("replace");

export interface QuarantineDeskOptions {
  redis: Redis;
  workspace: string;
  /** Of the quarantine queue. */
  desk: Pick<Desk, "find" | "payload" | "end">;
  /** The events of a chunk as lines. Throws where the chunk is damaged. */
  linesOfChunk: (chunk: Buffer, entry: RestoredInPart) => QuarantineLine[];
}

/** The entries of one workspace's quarantine with what is in them. */
export type QuarantineDesk = Pick<ReplayPorts, "open" | "replace" | "wasHandedOver">;

export const quarantineDesk = (options: QuarantineDeskOptions): QuarantineDesk => {
  const { redis, workspace, desk, linesOfChunk } = options;
  return {
    open: async (id): Promise<OpenEntry | undefined> => {
      // The data first: whoever changes the payload changes the data too, never back to what it was, and replace()
      // compares that.
      const entry = await desk.find(id);
      if (entry?.queue !== "quarantine") return undefined;
      const { data, stored } = entry;
      const content = contentOf((await desk.payload(id)) ?? Buffer.alloc(0));
      const isWholeChunk = content.kind === "chunk";
      return {
        id,
        data,
        stored,
        isWholeChunk,
        lines: isWholeChunk ? linesOfChunk(content.bytes, data) : content.lines,
      };
    },

    replace: async ({ id, stored }, next, tally) => {
      if (next.lines.length === 0) {
        const entry = await desk.find(id);
        return entry?.stored === stored && desk.end(entry, tally);
      }
      const payload = payloadOf(next.lines);
      const encoded = encodeEntry({ id, kind: "quarantine", payload, events: next.lines.length });
      const keys = [
        spoolEntryKey(workspace, id),
        spoolUsageKey(workspace),
        tallyKey(workspace),
        jobKey("quarantine", workspace, id),
      ];
      const args = [stored, JSON.stringify(next.data), ...encoded, ...tallyPairs(tally)];
      return (await replaceScript(redis, keys, args)) === 1;
    },

    wasHandedOver: async (chunk) => {
      const batches = await batchesOf(redis, workspace, chunk);
      const jobs = batches.flatMap((batch) => ownersOf(batch).map((kind) => jobKey(kind, workspace, batch)));
      return jobs.length > 0 && (await redis.exists(...jobs)) > 0;
    },
  };
};
