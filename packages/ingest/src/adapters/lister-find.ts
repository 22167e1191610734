import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, fileId, ingestJobId } from "@currents-relay/shared/core/ids.ts";
import type { WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { setTimeout as delay } from "node:timers/promises";
import { type Dated, elsewhere, type Find } from "../core/marks.ts";
import type { SourceObject } from "../ports.ts";
import type { ListingLedger } from "./redis-ledger.ts";

/** Where a find goes. */
export interface FindOptions {
  connector: string;
  ledger: ListingLedger;
  queues: WorkspaceQueues;
  log: Logger;
  /** False while no new object may be taken: the bucket is the log. Asked again until it is true. */
  hasRoom?: () => Promise<boolean>;
  /** How many objects of the connector wait in the queue at the most (and a page more); the others wait in the source. */
  mostWaiting?: number;
}

/** Open files that this lister has queued itself, so that they need not be added again: in this round and the last. */
export interface QueuedHere {
  before: ReadonlySet<FileId>;
  now: Set<FileId>;
}

const pageObjects = 500;
/** About 1 KB of Redis each. */
const defaultMostWaiting = 5_000;
const roomPauseMs = 500;

/** Does what a find asks for; `isOthers`: another pod is at it, and the rest of the round is not ours. */
export const takeFind = async (
  options: FindOptions,
  queued: QueuedHere,
  find: Find<SourceObject>,
  signal: AbortSignal,
): Promise<{ unseen: number; isOthers?: boolean }> => {
  const { ledger } = options;
  switch (find.kind) {
    case "scope":
      await ledger.advance(find.scope, { reachedMs: 0, takenBeforeMs: 0 });
      return { unseen: 0 };
    case "gone":
      await ledger.forget(find.scope, find.unseenSinceMs);
      return { unseen: 0 };
    case "swept":
      return { unseen: 0, isOthers: !(await ledger.sweepTo(find.from, find.to)) };
    case "sweep-ended": {
      const isOurs = await ledger.sweepTo(find.from, "");
      // A kill here: the full listing is done once more.
      if (isOurs) await ledger.advance(elsewhere, find.mark);
      return { unseen: 0, isOthers: !isOurs };
    }
    case "objects": {
      let unseen = 0;
      for (let start = 0; start < find.objects.length; start += pageObjects) {
        const page = { scope: find.scope, objects: find.objects.slice(start, start + pageObjects) };
        unseen += await queueNew(options, queued, page, signal);
      }
      // Only now: objects that the mark has passed are not looked for again.
      if (find.mark) await ledger.advance(find.scope, find.mark);
      return { unseen };
    }
  }
};

interface Found {
  scope: string;
  objects: readonly Dated<SourceObject>[];
}

const queueNew = async (
  options: FindOptions,
  queued: QueuedHere,
  { scope, objects }: Found,
  signal: AbortSignal,
): Promise<number> => {
  const { connector, ledger, queues, log } = options;
  const files = objects.map(({ object, atMs }) => ({
    object,
    atMs,
    id: fileId(connector, object.uri, object.version),
  }));
  const { unseen, open } = await ledger.take(scope, files);
  // A kill here: they are open, so the next listing adds them.
  const isQueued = (id: FileId) => queued.before.has(id) || queued.now.has(id);
  const toAdd = new Set([...unseen, ...open.filter((id) => !isQueued(id))]);
  const jobs = files
    .filter(({ id }) => toAdd.has(id))
    .map(({ object: { landedAtMs, ...object }, id }) => {
      const data: IngestJob = { v: 1, connector, fileId: id, object, landedAtMs };
      return { id: ingestJobId(id), data };
    });
  if (jobs.length > 0) {
    await waitForRoom(options, signal);
    await queues.add("ingest", jobs);
  }
  for (const id of [...unseen, ...open]) queued.now.add(id);
  if (unseen.length > 0) log.info({ connector, files: unseen.length }, "source.found");
  return unseen.length;
};

const waitForRoom = async (
  { ledger, queues, hasRoom, mostWaiting = defaultMostWaiting }: FindOptions,
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    signal.throwIfAborted();
    const [inQueue, open] = await Promise.all([
      queues.open("ingest").getJobCountByTypes("waiting", "delayed"),
      ledger.openFiles(),
    ]);
    // In the queue are those of its neighbours as well, and open are those that lost their jobs: it has no more than either.
    if (Math.min(inQueue, open) < mostWaiting && ((await hasRoom?.()) ?? true)) return;
    await delay(roomPauseMs, undefined, { signal });
  }
};
