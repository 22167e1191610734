import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { fileId, ingestJobId } from "@currents-relay/shared/core/ids.ts";
import type { WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { Ledger, Source, SourceObject } from "../ports.ts";

export interface ListerOptions {
  connector: string;
  source: Source;
  ledger: Ledger;
  queues: WorkspaceQueues;
  pollMs: number;
  log: Logger;
}

export interface Lister {
  /** Resolves after the first listing, when what it found is queued; rejects when that listing failed. */
  listed: Promise<void>;
  stop(): Promise<void>;
  isRunning(): boolean;
}

const pageObjects = 500;
const longestPauseMs = 30_000;

/**
 * Looks for new objects again and again. Any number of pods may do so: the job's id is the object's, so they agree.
 * A source that cannot be listed is tried for ever, more slowly, and said in the log.
 */
export const startLister = (options: ListerOptions): Lister => {
  const stopped = new AbortController();
  // What was queued or known once need not be asked of Redis again; a restart forgets it, the ledger does not.
  const seen = new Set<string>();
  const first = Promise.withResolvers<void>();
  let running = true;
  const ended = (async () => {
    let failures = 0;
    while (!stopped.signal.aborted) {
      const startedMs = performance.now();
      try {
        await listAndQueue(options, seen, stopped.signal);
        first.resolve();
        failures = 0;
      } catch (error) {
        first.reject(error);
        if (stopped.signal.aborted) break;
        failures += 1;
        if (failures === 1 || failures % 10 === 0)
          options.log.error({ err: error, connector: options.connector }, "source.unreadable");
      }
      // Listing may take a tenth of the time at most: a folder of a million files is listed more seldom.
      const pauseMs = Math.max(options.pollMs * 2 ** Math.min(failures, 10), 10 * (performance.now() - startedMs));
      await delay(Math.min(longestPauseMs, pauseMs), undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })().finally(() => (running = false));
  return {
    listed: first.promise,
    isRunning: () => running || stopped.signal.aborted,
    stop: () => {
      stopped.abort();
      return ended;
    },
  };
};

const listAndQueue = async (options: ListerOptions, seen: Set<string>, signal: AbortSignal): Promise<void> => {
  let page: SourceObject[] = [];
  for await (const object of options.source.list(signal)) {
    if (seen.has(`${object.uri} ${object.version}`)) continue;
    page.push(object);
    if (page.length < pageObjects) continue;
    await queueNew(options, page, seen);
    page = [];
  }
  await queueNew(options, page, seen);
};

const queueNew = async (options: ListerOptions, page: readonly SourceObject[], seen: Set<string>): Promise<void> => {
  const { connector, ledger, queues, log } = options;
  const files = page.map((object) => ({ object, id: fileId(connector, object.uri, object.version) }));
  const unfinished = new Set(await ledger.unfinished(files.map(({ id }) => id)));
  const fresh = files.filter(({ id }) => unfinished.has(id));
  const jobs = fresh.map(({ object: { landedAtMs, ...object }, id }) => {
    const data: IngestJob = { v: 1, connector, fileId: id, object, landedAtMs };
    return { id: ingestJobId(id), data };
  });
  if (jobs.length > 0) {
    await queues.add("ingest", jobs);
    log.info({ connector, files: jobs.length }, "source.found");
  }
  // Only now: a listing that failed above must find them again.
  for (const { object } of files) seen.add(`${object.uri} ${object.version}`);
};
