import { costBetween } from "../costs.ts";
import { type Figure, percentile, type Readings } from "../figure.ts";
import type { Bench, Measurement } from "../measurement.ts";
import { postAll, requestBodies } from "../posting.ts";
import { isAtRest, openRig } from "../rig.ts";

const token = "token-of-the-bench";
const senders = 16;

/** Events in a request, and in all; what Braze posts when there is much to send, and when there is little. */
const loads = [
  { id: "full", eventsPerRequest: 100, events: 100_000, quickEvents: 20_000, seed: 8 },
  { id: "small", eventsPerRequest: 1, events: 10_000, quickEvents: 3_000, seed: 9 },
] as const;

const run = async (bench: Bench): Promise<Readings> => {
  await using rig = await openRig(bench, { httpToken: token });
  const receiver = { url: await rig.postingUrl("acme"), token, senders };
  const readings: Record<string, number> = {};
  let before = 0;
  for (const { id, eventsPerRequest, seed, ...load } of loads) {
    const events = bench.isQuick ? load.quickEvents : load.events;
    const bodies = await requestBodies(
      await bench.files.get({ events, eventsPerFile: events, seed }),
      eventsPerRequest,
    );
    const start = await rig.costs();
    const startedMs = Date.now();
    const waitedMs = await postAll(bodies, receiver);
    const lastMs = await rig.standIn.untilAccepted(before + events);
    await rig.untilStatus("the relay is at rest", isAtRest);
    const { relayCpuUs, cpuUs } = costBetween(start, await rig.costs(), events);
    before += events;
    Object.assign(readings, {
      [`${id}PerSecond`]: (events * 1_000) / (lastMs - startedMs),
      [`${id}AnsweredP50`]: percentile(waitedMs, 0.5),
      [`${id}AnsweredP99`]: percentile(waitedMs, 0.99),
      [`${id}CpuUs`]: relayCpuUs,
      [`${id}RedisCpuUs`]: cpuUs.redis,
    });
  }
  return readings;
};

const figuresOf = (id: string, what: string): Figure[] => [
  { id: `${id}PerSecond`, label: `${what}: events a second, to the last call`, unit: "events/s" },
  { id: `${id}AnsweredP50`, label: "  half of the requests answered within", unit: "ms" },
  { id: `${id}AnsweredP99`, label: "  99 % of the requests answered within", unit: "ms" },
  { id: `${id}CpuUs`, label: "  CPU of the relay", unit: "us/event" },
  { id: `${id}RedisCpuUs`, label: "  CPU of Redis", unit: "us/event" },
];

export const http: Measurement = {
  name: "http",
  about: `events posted by ${senders} senders at once, as by Braze's Custom HTTP connector, from the post to accepted calls`,
  figures: [...figuresOf("full", "requests of 100 events"), ...figuresOf("small", "requests of one event")],
  run,
};
