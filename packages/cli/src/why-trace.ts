import type { HoldReason, QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { DeadLetterJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import { noneIfDamaged } from "@currents-relay/shared/core/damaged-payload.ts";
import { halfJobId, type JobId } from "@currents-relay/shared/core/ids.ts";
import { completedKey, jobKey, keyPrefix, queueName } from "@currents-relay/shared/core/keys.ts";
import { messageIdMaker } from "@currents-relay/shared/core/message-id.ts";
import { batchesOf } from "@currents-relay/shared/queues/batch-notes.ts";
import { claimOwner, claimScope } from "@currents-relay/transform/adapters/claim-layout.ts";
import { lookUpClaim } from "@currents-relay/transform/adapters/claim-lookup.ts";
import { lastRuns } from "@currents-relay/ingest/adapters/reread-runs.ts";
import type { DlqRoom } from "./dlq-room.ts";

/** A batch that the event may be in, and what became of it. */
export interface BatchPlace {
  id: JobId;
  place: "waiting" | "held" | "ended" | "forgotten";
  /** Of "held" since when, of "ended" when it ended (UNIX ms). */
  atMs?: number;
  heldFor?: HoldReason;
  /** Of "ended": what became of its events. */
  tally?: Tally;
  /** Its calls are still there, and the event is among them. */
  hasEvent?: true;
}

/** Where one taking of an event has led. */
export interface Way {
  /** When transform took it: from then on a repeat is a duplicate (UNIX ms). */
  takenAtMs?: number;
  /** The chunk that has it; left out where BullMQ has forgotten it, after a day. */
  chunk?: JobId;
  connector?: string;
  uri?: string;
  landedAtMs?: number;
  batches: BatchPlace[];
}

/** Of one that `relay resend` has read again, apart from all else. */
export interface WayAgain extends Way {
  /** As `relay resend --json` names it. */
  run: string;
}

/** What is known of one event. Nothing that it holds is in here. */
export interface Trace extends Way {
  eventId: string;
  /** The newest first. */
  again: WayAgain[];
  quarantined?: { id: JobId; reason: QuarantineReason; detail: string; sinceMs: number; uri: string };
  /** Entries of quarantine that were not looked into, as there are so many. */
  entriesNotSeen: number;
}

/** Changes nothing. Costs the same whatever waits, but for quarantine, of which the first 1,000 entries are looked into. */
export const traceOf = async (room: DlqRoom, eventId: string): Promise<Trace> => {
  const [way, again, quarantine] = await Promise.all([
    wayOf(room, eventId),
    waysAgain(room, eventId),
    inQuarantine(room, eventId),
  ]);
  return { eventId, ...way, again, ...quarantine };
};

/** Also of runs that were begun long ago: what they read again may wait long behind what is new. */
const waysAgain = async (room: DlqRoom, eventId: string): Promise<WayAgain[]> => {
  const runs = await lastRuns(room.redis, room.workspace);
  const ways = await Promise.all(runs.map(async (run) => ({ run, ...(await wayOf(room, eventId, run)) })));
  return ways.filter(({ takenAtMs }) => takenAtMs !== undefined);
};

/** `run`: as that re-reading took it. */
const wayOf = async (room: DlqRoom, eventId: string, run?: string): Promise<Way> => {
  const claim = await latestClaim(room, eventId, run);
  if (!claim) return { batches: [] };
  const chunk = await chunkOf(room, claim);
  if (!chunk) return { batches: [], takenAtMs: claim.atMs };
  const { connector, uri, landedAtMs } = chunk.data;
  const batches = await Promise.all(
    (await batchesOf(room.redis, room.workspace, chunk.id)).map((id) => placesOf(room, id, eventId)),
  );
  return { takenAtMs: claim.atMs, chunk: chunk.id, connector, uri, landedAtMs, batches: batches.flat() };
};

type Claim = NonNullable<Awaited<ReturnType<typeof lookUpClaim>>>;

/** With `dedup.scope: connector` each connector has claims of its own. */
const latestClaim = async (
  { redis, workspace, settings }: DlqRoom,
  eventId: string,
  run?: string,
): Promise<Claim | undefined> => {
  const scopes = Object.keys(settings.connectors).map((connector) =>
    claimScope(workspace, settings.dedup, { connector, run }),
  );
  const found = await Promise.all([...new Set(scopes)].map((scope) => lookUpClaim(redis, scope, eventId)));
  return found.filter((claim) => claim !== undefined).toSorted((a, b) => b.atMs - a.atMs)[0];
};

const pageJobs = 1_000;
/** As many done jobs as BullMQ keeps. */
const mostPages = 50;
/** Claims have Redis' time, ends of jobs the worker's. */
const skewMs = 60_000;

/** The chunk's job: in hand, done since (mostly within a second of the claim), or waiting after a crash. */
const chunkOf = async ({ redis, workspace }: DlqRoom, { owner, atMs }: Claim) => {
  const queue = `${keyPrefix}:${queueName("transform", workspace)}`;
  const isOwner = (id: string): boolean => claimOwner(id as JobId).equals(owner); // BullMQ lists job ids
  const job = async (id: string) => {
    const data = await redis.hget(jobKey("transform", workspace, id as JobId), "data");
    // Our own job, as ingest added it.
    return data === null ? undefined : { id: id as JobId, data: JSON.parse(data) as TransformJob };
  };
  const open = await Promise.all([
    redis.lrange(`${queue}:active`, 0, -1),
    redis.lrange(`${queue}:wait`, -pageJobs, -1),
    redis.zrange(`${queue}:prioritized`, 0, String(pageJobs - 1)), // what is read again
    redis.zrange(`${queue}:delayed`, 0, String(pageJobs - 1)),
  ]);
  const underWay = open.flat().find(isOwner);
  if (underWay !== undefined) return job(underWay);
  for (let page = 0; page < mostPages; page += 1) {
    const from = page * pageJobs;
    const key = completedKey("transform", workspace);
    const done = await redis.zrange(key, String(atMs - skewMs), "+inf", "BYSCORE", "LIMIT", from, pageJobs);
    const id = done.find(isOwner);
    if (id !== undefined) return job(id);
    if (done.length < pageJobs) return undefined;
  }
  return undefined;
};

/** Where the batch is now; of one that was split, where its halves are. One that surely lacks the event is left out. */
const placesOf = async (room: DlqRoom, id: JobId, eventId: string): Promise<BatchPlace[]> => {
  const { redis, workspace, spool } = room;
  const read = (kind: "deliver" | "deadletter") =>
    redis.hmget(jobKey(kind, workspace, id), "data", "finishedOn", "returnvalue");
  const [fresh, held, payload] = await Promise.all([
    read("deliver"),
    read("deadletter"),
    spool.read(id).catch(noneIfDamaged),
  ]);
  // The dead letter is the later one of the two.
  const [data, finishedOn, returned] = held[0] == null ? fresh : held;
  if (data == null) return [{ id, place: "forgotten" }];
  const tally = returned == null ? undefined : (JSON.parse(returned) as Tally); // as the stage returned it
  if (tally && Object.keys(tally).length === 0) {
    const halves = [halfJobId(id, "a"), halfJobId(id, "b")];
    return (await Promise.all(halves.map((half) => placesOf(room, half, eventId)))).flat();
  }
  if (payload && !isIn(payload, eventId)) return [];
  const found = payload ? { hasEvent: true as const } : {};
  if (tally) return [{ id, place: "ended", atMs: Number(finishedOn), tally, ...found }];
  if (held[0] == null) return [{ id, place: "waiting", ...found }];
  const { heldAtMs, heldFor } = JSON.parse(data) as DeadLetterJob; // our own job
  return [{ id, place: "held", atMs: heldAtMs, heldFor, ...found }];
};

const messageIdOf = messageIdMaker(undefined);

/** In calls: as the messageId, which may have a salt behind it. */
const isIn = (calls: Buffer, eventId: string): boolean =>
  calls.includes(`"messageId":${JSON.stringify(messageIdOf(eventId)).slice(0, -1)}`);

const mostEntries = 1_000;

const inQuarantine = async (
  { desk }: DlqRoom,
  eventId: string,
): Promise<Pick<Trace, "quarantined" | "entriesNotSeen">> => {
  const quarantine = desk("quarantine");
  const needle = JSON.stringify(eventId);
  let [seen, entriesNotSeen] = [0, 0];
  let quarantined: Trace["quarantined"];
  await quarantine.walk(async (page) => {
    for (const entry of page) {
      if (entry.queue !== "quarantine" || quarantined) continue;
      seen += 1;
      if (seen > mostEntries) {
        entriesNotSeen += 1;
        continue;
      }
      const isThere =
        entry.data.eventId === eventId ||
        ((await quarantine.payload(entry.id).catch(noneIfDamaged))?.includes(needle) ?? false);
      const { id, reason, sinceMs, data } = entry;
      if (isThere) quarantined = { id, reason, detail: data.detail, sinceMs, uri: data.origin.uri };
    }
    return { ended: new Set(), isEnough: quarantined !== undefined };
  });
  return { ...(quarantined && { quarantined }), entriesNotSeen };
};
