import { spoolEntryKey, spoolIndexKey } from "@currents-relay/shared/core/keys.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { hardMark } from "@currents-relay/shared/spool/compressed.ts";
import { readWorkspaceStatus, type WorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { costBetween } from "../costs.ts";
import { percentile, type Readings } from "../figure.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { readRedisCounters } from "../redis-counters.ts";
import { bytesOfKeys } from "../redis-memory.ts";
import { openRig, type Rig, type RigOptions } from "../rig.ts";
import { targets } from "../targets.ts";
import { until } from "../until.ts";

const eventsPerFile = 10_000;
const eventsPerSet = 100_000;
/** Landed on top of a backlog, to see what an event costs then. */
const probeEvents = 50_000;

/** Another workspace, whose events go the same way first: Redis keeps scripts and connections, which are no event's. */
const first: Pile = { workspace: "first", events: 1_000 };

const usedNow = async ({ redis }: Rig): Promise<number> => (await readRedisCounters(redis)).usedBytes;

const readingsOfRest = 11;
const noiseBytes = 1_000;

/**
 * Once nothing comes or goes any more: the middle of some readings, of which most are alike. Redis counts the buffers of a
 * connection some time after it has taken or freed them, so that single readings are 20 KB too high or too low.
 */
const usedBytes = async ({ signal }: Bench, rig: Rig): Promise<number> => {
  const readings: number[] = [];
  return until({ what: "Redis is at rest", signal, everyMs: 200 }, async () => {
    readings.push(await usedNow(rig));
    const last = readings.slice(-readingsOfRest);
    const middle = percentile(last, 0.5);
    const alike = last.filter((reading) => Math.abs(reading - middle) < noiseBytes);
    return last.length === readingsOfRest && alike.length > readingsOfRest / 2 ? middle : undefined;
  });
};

interface Pile {
  workspace: string;
  events: number;
  eventTypes?: readonly string[];
}

/** Lands so many events in a backlog of its own ids, and waits until they all wait where nobody takes them. */
const pile = async (bench: Bench, rig: Rig, what: Pile, where: "transform" | "deliver" | "held"): Promise<void> => {
  const { events, workspace, ...kind } = what;
  for (let landed = 0; landed < events; landed += eventsPerSet) {
    const share = Math.min(eventsPerSet, events - landed);
    const set = await bench.files.get({ events: share, eventsPerFile, seed: 200 + landed / eventsPerSet, ...kind });
    await rig.land(set, workspace, `pile-${landed}`);
    const all = landed + share;
    await rig.untilStatus(
      `${all} events wait`,
      (status) => status.workspace !== workspace || status.waiting[where] >= all,
    );
  }
};

/** Where the payload of an entry begins. */
const payloadAt = 5;
const shrunkWithinMs = 900_000;

/** Waits until all that waits has been compressed hard, little by little (ADR 0032). */
const untilShrunk = async (bench: Bench, { redis }: Rig, workspace: string): Promise<void> => {
  const what = { what: "all that waits has been shrunk", signal: bench.signal, withinMs: shrunkWithinMs };
  await until({ ...what, everyMs: 2_000 }, async () => {
    const ids = (await redis.zrange(spoolIndexKey(workspace), "0", "-1")) as JobId[]; // put.lua was given job ids
    const marks = await Promise.all(
      ids.map((id) => redis.getrange(spoolEntryKey(workspace, id), payloadAt, payloadAt)),
    );
    return marks.every((mark) => mark === hardMark || mark === "") || undefined;
  });
};

/** Redis rewrites its log whenever that has doubled, and what it does meanwhile costs twice as much or more. */
const withoutLogRewrites = async (bench: Bench, { redis }: Rig): Promise<void> => {
  await redis.config("SET", "auto-aof-rewrite-percentage", "0");
  await until(
    { what: "Redis has rewritten its log", signal: bench.signal },
    async () => (await redis.info("persistence")).includes("aof_rewrite_in_progress:0") || undefined,
  );
};

/** Redis' CPU for each of some more events, from their files to the deliver queue, with a backlog there already. */
const redisCostOnTop = async (bench: Bench, rig: Rig): Promise<number> => {
  const set = await bench.files.get({ events: probeEvents, eventsPerFile, seed: 300 });
  await withoutLogRewrites(bench, rig);
  const waitingBefore = (await readWorkspaceStatus(rig.redis, "acme")).waiting.deliver;
  const isThere = ({ workspace, waiting }: WorkspaceStatus) =>
    workspace !== "acme" || waiting.deliver >= waitingBefore + probeEvents;
  const before = await rig.costs();
  await rig.land(set, "acme", "probe");
  await rig.untilStatus("the probe waits too", isThere);
  return costBetween(before, await rig.costs(), probeEvents).cpuUs.redis;
};

/** What the ids in the dedup window take. */
const rememberedBytes = (rig: Rig): Promise<number> => bytesOfKeys(rig.redis, "relay:claimed:acme:*");

const openBacklog = async (bench: Bench, processes: NonNullable<RigOptions["processes"]>): Promise<Rig> => {
  const rig = await openRig(bench, { workspaces: [first.workspace, "acme"], processes });
  // Else Redis keeps some 20 KB for each command that has ever been used, for its statistics.
  await rig.redis.config("SET", "latency-tracking", "no");
  return rig;
};

/** Events that nobody maps, then events that nobody sends. */
const waitingCosts = async (bench: Bench, events: number): Promise<Readings> => {
  await using rig = await openBacklog(bench, { ingest: 1, transform: 1 });
  await pile(bench, rig, first, "deliver");
  await untilShrunk(bench, rig, first.workspace);
  const mapping = await usedBytes(bench, rig);
  await rig.stop("transform");
  const empty = await usedBytes(bench, rig);
  await pile(bench, rig, { workspace: "acme", events }, "transform");
  const unmapped = await usedNow(rig);
  await untilShrunk(bench, rig, "acme");
  const unmappedLong = await usedBytes(bench, rig);
  await rig.start({ transform: 1 });
  await rig.untilStatus("all is mapped", ({ waiting }) => waiting.transform === 0);
  const ready = await usedNow(rig);
  await untilShrunk(bench, rig, "acme");
  const readyLong = await usedBytes(bench, rig);
  const remembered = (await rememberedBytes(rig)) / events;
  const redisOnTop = await redisCostOnTop(bench, rig);
  return {
    unmapped: (unmapped - empty) / events,
    unmappedLong: (unmappedLong - empty) / events,
    ready: (ready - mapping) / events - remembered,
    readyLong: (readyLong - mapping) / events - remembered,
    remembered,
    redisOnTop,
  };
};

/** Events that an outage holds: the settings endpoint does not know the write key. */
const heldCosts = async (bench: Bench, what: Omit<Pile, "workspace">): Promise<Readings> => {
  await using rig = await openBacklog(bench, { ingest: 1, transform: 1 });
  await rig.standIn.control({ keys: [] });
  await rig.start({ deliver: 1 });
  await pile(bench, rig, first, "held");
  await untilShrunk(bench, rig, first.workspace);
  const empty = await usedBytes(bench, rig);
  await pile(bench, rig, { workspace: "acme", ...what }, "held");
  const bytes = (await usedBytes(bench, rig)) - empty;
  return { held: (bytes - (await rememberedBytes(rig))) / what.events };
};

const run =
  (events: number) =>
  async (bench: Bench): Promise<Readings> => ({
    ...(await waitingCosts(bench, events)),
    ...(await heldCosts(bench, { events })),
  });

const perEvent = { unit: "B/event", target: targets.bytesPerWaitingEvent } as const;

const backlog = (name: string, events: number): Measurement => ({
  name,
  about: `what ${events.toLocaleString("en-US")} events that wait or are held cost in Redis, with 48 h of remembered ids`,
  isLong: true,
  maxRuns: 1,
  figures: [
    { id: "unmapped", label: "waiting for transform, on arrival", unit: "B/event" },
    { ...perEvent, id: "unmappedLong", label: "waiting for transform, compressed harder since" },
    { id: "ready", label: "waiting for deliver, on arrival", unit: "B/event" },
    { ...perEvent, id: "readyLong", label: "waiting for deliver, compressed harder since" },
    { ...perEvent, id: "held", label: "held" },
    { id: "remembered", label: "a remembered id", unit: "B", target: targets.bytesPerRememberedId },
    { id: "redisOnTop", label: "CPU of Redis for 50,000 more, ingest and transform", unit: "us/event", decimals: 1 },
  ],
  run: run(events),
});

export const smallBacklog = backlog("backlog-10k", 10_000);
export const largeBacklog = backlog("backlog-1m", 1_000_000);

/** What an outage of a company that sends emails holds, in equal parts. */
const emailTypes = ["Send", "Delivery", "Open", "Click"].map((name) => `users.messages.email.${name}`);
const heldEmails = 500_000;

export const heldBacklog: Measurement = {
  name: "held-500k",
  about: "what 500,000 held events cost in Redis: email sends, deliveries, opens and clicks in equal parts",
  isLong: true,
  maxRuns: 1,
  figures: [{ ...perEvent, id: "held", label: "held" }],
  run: (bench) => heldCosts(bench, { events: heldEmails, eventTypes: emailTypes }),
};
