import { setTimeout as delay } from "node:timers/promises";
import type { IngestJob, Reread } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, ingestJobId, rereadFileId } from "@currents-relay/shared/core/ids.ts";
import type { WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import type { Ledger, SourceObject } from "../ports.ts";

export interface RereadFeed {
  connector: string;
  reread: Reread;
  ledger: Pick<Ledger, "unfinished">;
  queues: Pick<WorkspaceQueues, "add">;
  objects: readonly SourceObject[];
  /** Called when one or more were read to their end. */
  onRead: (read: readonly SourceObject[]) => void;
  /** UNIX ms. */
  now: () => number;
  everyMs?: number;
}

/** So many are given to ingest at a time: whoever stops the command stops what it began after these. */
const mostInHand = 4;
const pageObjects = 1_000;

/** Which of the objects were not read by this run yet, in order. */
export const unreadOf = async ({
  connector,
  reread,
  ledger,
  objects,
}: Omit<RereadFeed, "queues" | "onRead" | "now">) => {
  const unread: SourceObject[] = [];
  for (let start = 0; start < objects.length; start += pageObjects) {
    const page = objects.slice(start, start + pageObjects);
    const ids = page.map((object) => rereadFileId(reread.run, connector, object));
    const unfinished = new Set(await ledger.unfinished(ids));
    unread.push(...page.filter((_, index) => unfinished.has(ids[index] as FileId))); // as long as the page
  }
  return unread;
};

/**
 * Gives the objects to ingest, a few at a time and oldest first, and resolves when all were read. Rejects when the signal
 * aborts: what was given is read all the same, and the next run goes on behind it.
 */
export const feedAgain = async (feed: RereadFeed, signal: AbortSignal): Promise<void> => {
  const { connector, reread, ledger, queues, onRead, now, everyMs = 500 } = feed;
  const waiting = [...feed.objects];
  let inHand = new Map<FileId, SourceObject>();
  while (waiting.length > 0 || inHand.size > 0) {
    signal.throwIfAborted();
    for (const object of waiting.splice(0, mostInHand - inHand.size)) {
      const id = rereadFileId(reread.run, connector, object);
      const { landedAtMs: _, ...rest } = object;
      // It waits for us, not since it landed: the lag is of what is new.
      const data: IngestJob = { v: 1, connector, fileId: id, object: rest, landedAtMs: now(), reread };
      await queues.add("ingest", [{ id: ingestJobId(id), data }]);
      inHand.set(id, object);
    }
    const unfinished = new Set(await ledger.unfinished([...inHand.keys()]));
    const read = [...inHand].filter(([id]) => !unfinished.has(id));
    if (read.length > 0) onRead(read.map(([, object]) => object));
    inHand = new Map([...inHand].filter(([id]) => unfinished.has(id)));
    if (inHand.size === mostInHand || (waiting.length === 0 && inHand.size > 0))
      await delay(everyMs, undefined, { signal });
  }
};
