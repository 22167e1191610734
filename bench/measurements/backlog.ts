import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { costBetween } from "../costs.ts";
import type { Readings } from "../figure.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { readRedisCounters } from "../redis-counters.ts";
import { bytesFreedWithout } from "../redis-memory.ts";
import { openRig, type Rig } from "../rig.ts";
import { targets } from "../targets.ts";

const eventsPerFile = 10_000;
const eventsPerSet = 100_000;
/** Landed on top of a backlog, to see what an event costs then. */
const probeEvents = 50_000;

const usedBytes = async (rig: Rig): Promise<number> => (await readRedisCounters(rig.redis)).usedBytes;

interface Pile {
  events: number;
  eventTypes?: readonly string[];
}

/** Lands so many events in a backlog of its own ids, and waits until they all wait where nobody takes them. */
const pile = async (bench: Bench, rig: Rig, what: Pile, where: "transform" | "held"): Promise<void> => {
  const { events, ...kind } = what;
  for (let landed = 0; landed < events; landed += eventsPerSet) {
    const share = Math.min(eventsPerSet, events - landed);
    const set = await bench.files.get({ events: share, eventsPerFile, seed: 200 + landed / eventsPerSet, ...kind });
    await rig.land(set, "acme", `pile-${landed}`);
    const all = landed + share;
    await rig.untilStatus(`${all} events wait`, ({ waiting }) => waiting[where] >= all);
  }
};

/** Redis' CPU for each of some more events, from their files to the deliver queue, with a backlog there already. */
const redisCostOnTop = async (bench: Bench, rig: Rig): Promise<number> => {
  const set = await bench.files.get({ events: probeEvents, eventsPerFile, seed: 300 });
  const waitingBefore = (await readWorkspaceStatus(rig.redis, "acme")).waiting.deliver;
  const before = await rig.costs();
  await rig.land(set, "acme", "probe");
  await rig.untilStatus("the probe waits too", ({ waiting }) => waiting.deliver >= waitingBefore + probeEvents);
  return costBetween(before, await rig.costs(), probeEvents).cpuUs.redis;
};

/** What the ids in the dedup window take, and takes them away. */
const rememberedBytes = (rig: Rig): Promise<number> => bytesFreedWithout(rig.redis, "relay:claims:*");

/** Events that nobody maps, then events that nobody sends. */
const waitingCosts = async (bench: Bench, events: number): Promise<Readings> => {
  await using rig = await openRig(bench, { processes: { ingest: 1 } });
  const empty = await usedBytes(rig);
  await pile(bench, rig, { events }, "transform");
  const waiting = await usedBytes(rig);
  await rig.start({ transform: 1 });
  await rig.untilStatus("all is mapped", ({ waiting: { deliver } }) => deliver >= events);
  const ready = await usedBytes(rig);
  const redisOnTop = await redisCostOnTop(bench, rig);
  const remembered = (await rememberedBytes(rig)) / (events + probeEvents);
  return {
    waitingForTransform: (waiting - empty) / events,
    waitingForDeliver: (ready - empty) / events - remembered,
    remembered,
    redisOnTop,
  };
};

/** Events that an outage holds: the settings endpoint does not know the write key. */
const heldCosts = async (bench: Bench, what: Pile): Promise<Readings> => {
  await using rig = await openRig(bench, { processes: { ingest: 1, transform: 1 } });
  await rig.standIn.control({ keys: [] });
  const empty = await usedBytes(rig);
  await rig.start({ deliver: 1 });
  await pile(bench, rig, what, "held");
  await rememberedBytes(rig);
  return { held: ((await usedBytes(rig)) - empty) / what.events };
};

const run =
  (events: number) =>
  async (bench: Bench): Promise<Readings> => ({
    ...(await waitingCosts(bench, events)),
    ...(await heldCosts(bench, { events })),
  });

const backlog = (name: string, events: number): Measurement => ({
  name,
  about: `what ${events.toLocaleString("en-US")} events that wait or are held cost in Redis, with 48 h of remembered ids`,
  isLong: true,
  maxRuns: 1,
  figures: [
    {
      id: "waitingForTransform",
      label: "waiting for transform",
      unit: "B/event",
      target: targets.bytesPerWaitingEvent,
    },
    { id: "waitingForDeliver", label: "waiting for deliver", unit: "B/event", target: targets.bytesPerWaitingEvent },
    { id: "held", label: "held", unit: "B/event", target: targets.bytesPerWaitingEvent },
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
  figures: [{ id: "held", label: "held", unit: "B/event", target: targets.bytesPerWaitingEvent }],
  run: (bench) => heldCosts(bench, { events: heldEmails, eventTypes: emailTypes }),
};
