import { connectorSource, type SourceSettings } from "@currents-relay/ingest/adapters/connector-source.ts";
import { type FeedProgress, feedAgain, unreadOf } from "@currents-relay/ingest/adapters/reread-feed.ts";
import { noteRun } from "@currents-relay/ingest/adapters/reread-runs.ts";
import { rereadLedger } from "@currents-relay/ingest/adapters/reread-ledger.ts";
import { findAgain } from "@currents-relay/ingest/adapters/reread-objects.ts";
import { estimateEvents } from "@currents-relay/ingest/adapters/reread-sample.ts";
import { type RereadQuery, rereadTimeOf } from "@currents-relay/ingest/core/reread.ts";
import type { SourceObject } from "@currents-relay/ingest/ports.ts";
import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { Reread } from "@currents-relay/shared/contracts/jobs.ts";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { durationText } from "@currents-relay/shared/core/duration-text.ts";
import { unlessAborted } from "@currents-relay/shared/runtime/redis-trouble.ts";
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { readSnapshot } from "@currents-relay/shared/stage/gauges-shared.ts";
import { overviewOf } from "@currents-relay/shared/stage/overview.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { counted, formatCount, printError } from "./output.ts";

/** What is read again, and how. */
export interface ReadAgain {
  connector: string;
  query: RereadQuery;
  reread: Reread;
}

export interface ReadAgainPlan {
  /** Oldest first. */
  objects: readonly SourceObject[];
  bytes: number;
  /** How many of them this run has read before. */
  readBefore: number;
  /** In the time, but their keys do not say whether their event type is asked for. */
  untyped: number;
  /** About so many events, judged by a few objects; undefined: nobody knows. */
  events: number | undefined;
  /** At the part of the rate that is left now; undefined: nobody knows. */
  seconds: number | undefined;
  /** Events that were taken since then (UNIX ms) are remembered, and dropped as duplicates. */
  rememberedFromMs: number;
  /** Objects that are older than Segment's own memory of 24 h. */
  unprotected: number;
}

const segmentRemembersMs = 24 * 3_600_000;

/** The connector's source; throws where there is nothing to read again. */
export const sourceToReadAgain = (settings: WorkspaceConfig, connector: string): SourceSettings => {
  const found = Object.hasOwn(settings.connectors, connector) ? settings.connectors[connector] : undefined;
  if (!found) {
    const names = Object.keys(settings.connectors).join(", ");
    throw new CommandError(exitCodes.usage, `there is no connector "${connector}"; there are: ${names}`);
  }
  if (found.source.type === "http")
    throw new CommandError(exitCodes.usage, `${connector} is fed by HTTP: nothing of it can be read again; ask Braze`);
  return found.source;
};

export const planReadAgain = async (room: DlqRoom, asked: ReadAgain, signal: AbortSignal): Promise<ReadAgainPlan> => {
  const { connector, query, reread } = asked;
  const settings = sourceToReadAgain(room.settings, connector);
  const found = await findAgain(settings, query, signal).catch((error: unknown) => {
    throw new CommandError(exitCodes.noInput, errorText(error));
  });
  const ledger = rereadLedger(room.redis, room.workspace, reread.run);
  const objects = await unreadOf({ connector, reread, ledger, objects: found.objects });
  const { source } = connectorSource(settings);
  const events = objects.length === 0 ? 0 : await estimateEvents(source, objects, signal);
  const left = await rateLeft(room);
  const nowMs = Date.now();
  return {
    objects,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    readBefore: found.objects.length - objects.length,
    untyped: found.untyped,
    events,
    seconds: events === undefined || left <= 0 ? undefined : Math.ceil(events / left),
    rememberedFromMs: nowMs - room.settings.dedup.windowMs,
    unprotected: objects.filter((object) => rereadTimeOf(object) < nowMs - segmentRemembersMs).length,
  };
};

/** Events a second that live traffic does not use now, as far as the processes' last snapshot knows. */
const rateLeft = async ({ redis, workspace, settings }: DlqRoom): Promise<number> => {
  const view = (await readSnapshot(redis))?.workspaces[workspace];
  const used = view ? overviewOf(view, settings, Date.now()).rate.deliveredPerSecond : 0;
  return settings.segment.eventsPerSecond - used;
};

const sayEveryMs = 5_000;
/** A large object, or one that waits for its turn behind what is new, may well take that long. */
const quietMs = 30_000;

export interface ReadAgainEnd {
  /** False: it was interrupted. */
  isWhole: boolean;
  /** Objects that were replaced or deleted before all of them was read. */
  changed: number;
}

/** Gives all to ingest, with progress on stderr; a signal ends it in order, also while Redis does not answer. */
export const runReadAgain = async (
  room: DlqRoom,
  { connector, reread }: ReadAgain,
  { objects, bytes }: ReadAgainPlan,
): Promise<ReadAgainEnd> => {
  const interrupted = new AbortController();
  const release = onSignals(() => interrupted.abort());
  const done = { objects: 0, bytes: 0, changed: 0, inHand: [] as readonly SourceObject[], movedMs: Date.now() };
  const saying = setInterval(() => {
    const percent = bytes === 0 ? 100 : Math.floor((100 * done.bytes) / bytes);
    const read = `${formatCount(done.objects)} of ${counted(objects.length, "object")} read, ${percent} %`;
    printError(read + whyQuiet(done.inHand, Date.now() - done.movedMs));
  }, sayEveryMs);
  const onProgress = ({ read, changed, inHand }: FeedProgress) => {
    done.inHand = inHand;
    done.changed += changed.length;
    done.objects += read.length;
    done.bytes += [...read, ...changed].reduce((sum, object) => sum + object.bytes, 0);
    if (read.length + changed.length > 0) done.movedMs = Date.now();
  };
  try {
    const ledger = rereadLedger(room.redis, room.workspace, reread.run);
    const feed = { connector, reread, ledger, queues: room.queues, objects, onProgress, now: Date.now };
    if (reread.apart && objects.length > 0)
      await unlessAborted(interrupted.signal, noteRun(room.redis, room.workspace, reread.run));
    await feedAgain(feed, interrupted.signal);
    return { isWhole: true, changed: done.changed };
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return { isWhole: false, changed: done.changed };
  } finally {
    clearInterval(saying);
    release();
  }
};

const whyQuiet = ([first, ...others]: readonly SourceObject[], forMs: number): string => {
  if (!first || forMs < quietMs) return "";
  const more = others.length > 0 ? ` and ${counted(others.length, "other")}` : "";
  return (
    `; nothing was finished for ${durationText(forMs / 1_000)}: waiting for ${first.uri}${more}. ` +
    "Is ingest running, is rate left, do events wait or are they held (relay status)? Else the log of ingest says why"
  );
};
