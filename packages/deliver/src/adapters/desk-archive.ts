import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { noneIfDamaged } from "@currents-relay/shared/core/damaged-payload.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { archivingKey } from "@currents-relay/shared/core/keys.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import type { Redis } from "ioredis";
import type { Archive } from "../archive.ts";
import type { ArchivePorts } from "../archive-entries.ts";
import type { BringBackPorts } from "../bring-back.ts";
import { archivedDeadLetter, archivedQuarantine } from "../core/archived-entry.ts";
import type { RestoredInPart } from "../core/desk-entry.ts";
import type { Desk } from "../desk.ts";
import { noteArchiving, noteReturned, returnedKey } from "./desk-keys.ts";

/** From one queue to an archive. */
export const archivePorts = (
  redis: Redis,
  workspace: string,
  { desk, archive }: { desk: Pick<Desk, "payload" | "end">; archive: Pick<Archive, "write"> },
): ArchivePorts => ({
  content: async (entry) => {
    const payload = await desk.payload(entry.id).catch(noneIfDamaged); // it stays, for whoever mends it
    if (!payload) return undefined;
    return entry.queue === "deadletter" ? archivedDeadLetter(entry, payload) : archivedQuarantine(entry, payload);
  },
  noteArchiving: noteArchiving(redis, workspace),
  write: async (batches) => archive.write(batches),
  end: async (entry, tally) => desk.end(entry, tally),
});

/** From an archive to the queues. */
export const bringBackPorts = (
  redis: Redis,
  workspace: string,
  {
    tools,
    archive,
    now = Date.now,
  }: { tools: Pick<WorkspaceTools, "spool" | "queues">; archive: Pick<Archive, "read">; now?: () => number },
): BringBackPorts => ({
  read: archive.read,
  whereabouts: async (id) => {
    const [isBack, isArchiving] = await Promise.all([
      redis.sismember(returnedKey(workspace), id),
      redis.sismember(archivingKey(workspace), id),
    ]);
    if (isBack === 1) return "back";
    return isArchiving === 1 ? "elsewhere" : "ours";
  },
  toDeadLetters: handOverTo<DeadLetterJob>("deadletter", tools.spool, tools.queues),
  toQuarantine: handOverTo<RestoredInPart>("quarantine", tools.spool, tools.queues),
  noteReturned: noteReturned(redis, workspace),
  now,
});
