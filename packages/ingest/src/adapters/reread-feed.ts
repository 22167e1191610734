import type { IngestJob, Reread } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, ingestJobId, rereadFileId } from "@currents-relay/shared/core/ids.ts";
import type { WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { unlessAborted } from "@currents-relay/shared/runtime/redis-trouble.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { SourceObject } from "../ports.ts";
import type { RereadLedger } from "./reread-ledger.ts";

export interface RereadFeed {
  connector: string;
  reread: Reread;
  ledger: Pick<RereadLedger, "unfinished" | "changed">;
  queues: Pick<WorkspaceQueues, "add">;
  objects: readonly SourceObject[];
  onProgress: (progress: FeedProgress) => void;
  /** UNIX ms. */
  now: () => number;
  everyMs?: number;
}

/** What has become of objects since the last time. */
export interface FeedProgress {
  read: readonly SourceObject[];
  /** They were replaced or deleted before all of them was read. */
  changed: readonly SourceObject[];
  /** Given to ingest and not finished yet, oldest first. */
  inHand: readonly SourceObject[];
}

/** So much is given to ingest at a time: whoever stops the command stops what it began after these. */
const mostInHand = 32;
const mostBytesInHand = 64 * 1024 * 1024;
/** What is in hand for longer makes room for another: an object in an archive may take hours until it can be read. */
const slowAfterMs = 60_000;
const mostSlow = 32;
const pageObjects = 1_000;

/** Which of the objects were not read by this run yet, in order. */
export const unreadOf = async ({
  connector,
  reread,
  ledger,
  objects,
}: Pick<RereadFeed, "connector" | "reread" | "objects"> & { ledger: Pick<RereadLedger, "unfinished"> }) => {
  const unread: SourceObject[] = [];
  for (let start = 0; start < objects.length; start += pageObjects) {
    const page = objects.slice(start, start + pageObjects);
    const ids = page.map((object) => rereadFileId(reread.run, connector, object));
    const unfinished = new Set(await ledger.unfinished(ids));
    unread.push(...page.filter((_, index) => unfinished.has(ids[index] as FileId))); // as long as the page
  }
  return unread;
};

/** An object that ingest has. */
interface Given {
  object: SourceObject;
  sinceMs: number;
}

/**
 * Gives the objects to ingest, a few at a time and oldest first, and resolves when all are finished. Rejects when the
 * signal aborts, also while Redis does not answer: what was given is read all the same, and the next run goes on behind it.
 */
export const feedAgain = async (feed: RereadFeed, signal: AbortSignal): Promise<void> => {
  const { ledger, onProgress, now, everyMs = 250 } = feed;
  const waiting = [...feed.objects];
  const inHand = new Map<FileId, Given>();
  while (waiting.length > 0 || inHand.size > 0) {
    while (waiting[0] && hasRoom(waiting[0], [...inHand.values()], now())) {
      const [object] = waiting.splice(0, 1) as [SourceObject]; // looked at above
      inHand.set(await unlessAborted(signal, give(feed, object)), { object, sinceMs: now() });
    }
    const ids = [...inHand.keys()];
    const unfinished = new Set(await unlessAborted(signal, ledger.unfinished(ids)));
    const finished = ids.filter((id) => !unfinished.has(id));
    const changed = new Set(await unlessAborted(signal, ledger.changed(finished)));
    const objectsOf = (some: readonly FileId[]) => some.flatMap((id) => inHand.get(id)?.object ?? []);
    const progress = {
      read: objectsOf(finished.filter((id) => !changed.has(id))),
      changed: objectsOf([...changed]),
      inHand: objectsOf([...unfinished]),
    };
    for (const id of finished) inHand.delete(id);
    onProgress(progress);
    if (inHand.size > 0) await delay(everyMs, undefined, { signal });
  }
};

const hasRoom = ({ bytes }: SourceObject, given: readonly Given[], nowMs: number): boolean => {
  const brisk = given.filter(({ sinceMs }) => nowMs - sinceMs < slowAfterMs);
  if (brisk.length === mostInHand || given.length - brisk.length > mostSlow) return false;
  // One object has room, however large it is.
  return brisk.length === 0 || brisk.reduce((sum, { object }) => sum + object.bytes, bytes) <= mostBytesInHand;
};

const give = async ({ connector, reread, queues, now }: RereadFeed, object: SourceObject): Promise<FileId> => {
  const id = rereadFileId(reread.run, connector, object);
  const { landedAtMs: _, ...rest } = object;
  // It waits for us, not since it landed: the lag is of what is new.
  const data: IngestJob = { v: 1, connector, fileId: id, object: rest, landedAtMs: now(), reread };
  await queues.add("ingest", [{ id: ingestJobId(id), data }]);
  return id;
};
