import { untilSharedTick } from "@currents-relay/shared/runtime/shared-tick.ts";
import { wakeablePause } from "@currents-relay/shared/runtime/wakeable-pause.ts";
import { isRedisTrouble } from "@currents-relay/shared/runtime/redis-trouble.ts";
import { ListedInPart } from "../core/listed-in-part.ts";
import type { Source } from "../ports.ts";
import type { Finder } from "./finder.ts";
import { type FindOptions, type QueuedHere, takeFind } from "./lister-find.ts";
import { folderFinder } from "./lister-folder.ts";

/** What came of one round in which the source was listed. */
export interface RoundReport {
  /** Files that nobody had seen before. */
  found: number;
  listRequests: number;
  tookMs: number;
  /** Why the source could not be listed, in a sentence for the operator. */
  fault?: Error;
}

export interface ListerOptions extends FindOptions {
  source: Source;
  /** Left out: everything is listed in each round. */
  finder?: Finder;
  pollMs: number;
  /** How often a ledger whose marks are not needed is asked whether it is still the same; default 5 s. */
  ledgerEveryMs?: number;
  /** Called after each round, except where nothing had changed, or Redis kept it from its end. */
  onRound?: (report: RoundReport) => void;
}

export interface Lister {
  /** Resolves when everything that was there at the start is queued; rejects when the first listing failed. */
  listed: Promise<void>;
  stop(): Promise<void>;
  isRunning(): boolean;
}

const longestPauseMs = 30_000;
/** Between two rounds while there are things that none has seen yet. */
const hastyPauseMs = 1_000;

type OpenedLedger = Awaited<ReturnType<FindOptions["ledger"]["open"]>>;

/** What a lister remembers between its rounds. */
interface Memory {
  /** The ledger that it met last. */
  birth: string | undefined;
  /** As it was last asked. */
  ledger?: OpenedLedger & { atMs: number };
  queued: QueuedHere;
}

/**
 * Looks for new objects again and again. Any number of pods may do so: the job's id is the object's, so they agree.
 * A source that cannot be listed is tried for ever, more slowly, and said in the log.
 */
export const startLister = (options: ListerOptions): Lister => {
  const stopped = new AbortController();
  const { connector, log, pollMs, onRound, finder = folderFinder(options.source) } = options;
  const roundOptions: RoundOptions = { ...options, finder };
  const memory: Memory = { birth: undefined, queued: { before: new Set(), now: new Set() } };
  const first = Promise.withResolvers<void>();
  const { pause, wake } = wakeablePause();
  let running = true;
  const ended = (async () => {
    let failures = 0;
    let isListed = false;
    let lastTookMs = 0;
    while (!stopped.signal.aborted) {
      const report = await oneRound(roundOptions, memory, stopped.signal);
      if (stopped.signal.aborted) break;
      const isRedis = isRedisTrouble(report.fault);
      failures = report.fault ? failures + 1 : 0;
      isListed ||= !report.fault && (finder.isComplete?.() ?? true);
      if (report.fault && !isRedis) first.reject(report.fault);
      else if (isListed) first.resolve();
      const isInPart = report.fault instanceof ListedInPart;
      if (report.fault && (failures === 1 || failures % (isInPart ? 100 : 10) === 0))
        log.error({ err: report.fault, connector }, isRedis ? "source.waits-for-redis" : "source.unreadable");
      if (!isRedis && report.isListing) onRound?.(report);
      const isHasty = failures === 0 && !isListed;
      // One round that was slow by itself, such as the first, keeps nobody waiting.
      const tookMs = Math.min(report.tookMs, lastTookMs);
      lastTookMs = report.tookMs;
      const pauseMs = isHasty
        ? Math.min(pollMs, hastyPauseMs)
        : pauseAfter({ tookMs, failures: isInPart ? 0 : failures, pollMs });
      await pause(untilSharedTick(pauseMs));
    }
  })().finally(() => {
    running = false;
    // Whoever waits for the first listing learns that it will not be.
    first.reject(new Error("the lister was stopped before its first listing ended"));
  });
  first.promise.catch(() => undefined);
  return {
    listed: first.promise,
    isRunning: () => running || stopped.signal.aborted,
    stop: () => {
      stopped.abort();
      wake();
      return ended;
    },
  };
};

const pauseAfter = ({ tookMs, failures, pollMs }: { tookMs: number; failures: number; pollMs: number }): number => {
  // What takes long every time may take a tenth of the time: a folder of a million files is listed more seldom.
  const wantedMs = Math.max(pollMs * 2 ** Math.min(failures, 10), 10 * tookMs);
  return Math.max(pollMs, Math.min(longestPauseMs, wantedMs));
};

type RoundOptions = ListerOptions & { finder: Finder };

/** `isListing`: false where nothing had changed, so that there was nothing to list. */
type Round = RoundReport & { isListing: boolean };

const oneRound = async (options: RoundOptions, memory: Memory, signal: AbortSignal): Promise<Round> => {
  const startedMs = performance.now();
  const requestsBefore = options.finder.listRequests?.() ?? 0;
  let found = 0;
  let fault: Error | undefined;
  let isListing = true;
  try {
    const { birth, isNew, marks } = await openLedger(options, memory);
    const isFresh = birth !== memory.birth;
    if (isFresh) meetLedger(options, memory, { birth, isNew });
    else isListing = !(await options.finder.isUnchanged?.(signal));
    if (!isListing) return { found, listRequests: 0, tookMs: performance.now() - startedMs, isListing };
    for await (const find of options.finder.round({ marks, isFresh }, signal)) {
      const done = await takeFind(options, memory.queued, find, signal);
      found += done.unseen;
      if (done.isOthers) break;
    }
  } catch (error) {
    fault = error instanceof Error ? error : new Error(String(error));
  }
  if (!fault || fault instanceof ListedInPart) memory.queued = { before: memory.queued.now, now: new Set() };
  const listRequests = (options.finder.listRequests?.() ?? 0) - requestsBefore;
  return { found, listRequests, tookMs: performance.now() - startedMs, isListing, ...(fault && { fault }) };
};

const openLedger = async (
  { ledger, finder, ledgerEveryMs = 5_000 }: RoundOptions,
  memory: Memory,
): Promise<OpenedLedger> => {
  const nowMs = performance.now();
  const { ledger: known } = memory;
  if (finder.isMarkless && known && nowMs - known.atMs < ledgerEveryMs) return known;
  memory.ledger = { ...(await ledger.open()), atMs: nowMs };
  return memory.ledger;
};

const meetLedger = (
  { connector, log, finder }: RoundOptions,
  memory: Memory,
  { birth, isNew }: { birth: string; isNew: boolean },
): void => {
  const isLost = memory.birth !== undefined;
  Object.assign(memory, { birth, queued: { before: new Set(), now: new Set() } } satisfies Memory);
  if (!isNew && !isLost) return;
  const said =
    "ledger.empty: what was read of this source before is not known, so it is read from `since`, or from its " +
    "beginning. Events that were delivered before Redis was lost go out again under the same messageId: only " +
    "Segment's own deduplication, which remembers 24 h, stands between this and repeats";
  // A folder is mostly new when it is empty; a bucket mostly was read before.
  log[isLost || finder.listRequests ? "warn" : "info"]({ connector, isLost }, said);
};
