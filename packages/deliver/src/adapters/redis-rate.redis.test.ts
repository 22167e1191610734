import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { array, assert, asyncProperty, integer, nat, record } from "fast-check";
import { expect, test } from "vitest";
import type { Lane, Rate } from "../rate.ts";
import { redisRate } from "./redis-rate.ts";

const redis = useRedis();
const startMs = Date.UTC(2026, 10, 23);

/** Two processes (connections) that share the rate, on a clock that the test moves. */
const twoProcesses = () => {
  const clock = { nowMs: startMs };
  const rates: Rate[] = [0, 1].map(() => redisRate(redis.connect(), () => clock.nowMs));
  const [one, two] = rates;
  if (!one || !two) throw new Error("two were made");
  return { clock, one, two };
};

interface Sender {
  rate: Rate;
  lane: Lane;
  /** Events of its nth batch. */
  eventsOf: (n: number) => number;
  /** How late (ms) it comes back the nth time. */
  lateMsOf: (n: number) => number;
}
interface Sent {
  atMs: number;
  events: number;
  lane: Lane;
}

/** Lets senders that always have a next batch ask whenever they were told to, for so long; gives what was granted. */
const run = async (
  clock: { nowMs: number },
  senders: Sender[],
  group: string,
  [perSecond, forMs]: [number, number],
) => {
  const sent: Sent[] = [];
  const waiting = senders.map((sender, i) => ({ sender, asks: 0, batches: 0, backAtMs: startMs + i }));
  for (;;) {
    const next = waiting.reduce((a, b) => (b.backAtMs < a.backAtMs ? b : a));
    if (next.backAtMs >= startMs + forMs) return sent;
    clock.nowMs = Math.max(clock.nowMs, next.backAtMs);
    const { rate, lane, eventsOf, lateMsOf } = next.sender;
    const events = eventsOf(next.batches);
    const grant = await rate.take(group, events, perSecond, lane);
    if (grant.granted) {
      sent.push({ atMs: clock.nowMs, events, lane });
      next.batches += 1;
    }
    next.asks += 1;
    next.backAtMs = clock.nowMs + (grant.granted ? 0.1 : grant.afterMs) + lateMsOf(next.asks);
  }
};

const eventsIn = (sent: Sent[], lane?: Lane): number =>
  sent.reduce((sum, one) => sum + (lane === undefined || one.lane === lane ? one.events : 0), 0);

/** The most events within any window of `windowMs`. */
const busiest = (sent: Sent[], windowMs: number): number =>
  Math.max(...sent.map(({ atMs }) => eventsIn(sent.filter((one) => one.atMs >= atMs && one.atMs < atMs + windowMs))));

test("in any second two processes together send at most the rate and one batch, however their ways vary", async () => {
  const pick =
    <T>(values: readonly T[]) =>
    (n: number) =>
      values[n % values.length] as T; // never empty below
  const sizes = array(integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 });
  const sender = record({ sizes, late: array(nat({ max: 12 }), { minLength: 1, maxLength: 5 }) });
  const lanes = array(integer({ min: 0, max: 1 }), { minLength: 2, maxLength: 2 });
  const ways = array(nat({ max: 14 }), { minLength: 1, maxLength: 7 });
  const { clock, one, two } = twoProcesses();
  let runs = 0;
  await assert(
    asyncProperty(
      array(sender, { minLength: 2, maxLength: 2 }),
      lanes,
      ways,
      integer({ min: 50, max: 2_000 }),
      async (makers, laneOf, wayMs, perSecond) => {
        clock.nowMs = startMs;
        runs += 1;
        const senders = makers.map((maker, i): Sender => ({
          rate: i === 0 ? one : two,
          lane: laneOf[i] === 0 ? "fresh" : "replay",
          eventsOf: pick(maker.sizes),
          lateMsOf: pick(maker.late),
        }));
        const sent = await run(clock, senders, `group-${runs}`, [perSecond, 6_000]);
        const arrived = sent.map((batch, n) => ({ ...batch, atMs: batch.atMs + pick(wayMs)(n) }));
        const largest = Math.max(...sent.map(({ events }) => events));
        expect(busiest(arrived, 1_000)).toBeLessThanOrEqual(perSecond + largest);
      },
    ),
    { numRuns: 40 },
  );
});

test("a sender that comes back a little late still gets 97 % of the rate", async () => {
  const { clock, one } = twoProcesses();
  const late: Sender = { rate: one, lane: "fresh", eventsOf: () => 500, lateMsOf: (n) => n % 4 };
  const sent = await run(clock, [late], "acme", [950, 120_000]);
  expect(eventsIn(sent)).toBeGreaterThan(0.97 * 950 * 120);
});

test("a refusal says when the batch is due (5 ms of slack credited), rounded up, and reserves nothing", async () => {
  const { clock, one, two } = twoProcesses();
  expect(await one.take("acme", 98, 1_000, "fresh")).toEqual({ granted: true });
  expect(await two.take("acme", 98, 1_000, "fresh")).toEqual({ granted: false, afterMs: 95 });
  clock.nowMs += 94.5;
  expect(await one.take("acme", 98, 1_000, "fresh")).toEqual({ granted: false, afterMs: 1 });
  clock.nowMs += 0.5;
  expect(await two.take("acme", 98, 1_000, "fresh")).toEqual({ granted: true });
});

test("a rate that was not used is not saved up", async () => {
  const { clock, one } = twoProcesses();
  await one.take("acme", 490, 1_000, "fresh");
  clock.nowMs += 3_600_000;
  expect(await one.take("acme", 490, 1_000, "fresh")).toEqual({ granted: true });
  expect(await one.take("acme", 490, 1_000, "fresh")).toEqual({ granted: false, afterMs: 495 });
});

test("groups do not slow each other down", async () => {
  const { one, two } = twoProcesses();
  await one.take("acme", 500, 950, "fresh");
  expect(await two.take("other", 500, 950, "fresh")).toEqual({ granted: true });
});

test("while fresh batches come, replay gets half of the rate and fresh the other half", async () => {
  const { clock, one, two } = twoProcesses();
  const always = (rate: Rate, lane: Lane, events: number): Sender => ({
    rate,
    lane,
    eventsOf: () => events,
    lateMsOf: (n) => n % 3,
  });
  for (const [fresh, replay] of [
    [500, 500],
    [10, 500],
    [200, 300],
  ] as const) {
    clock.nowMs = startMs;
    // Replay asks from three places: asking more often must not get it more.
    const senders = [always(one, "fresh", fresh), ...[1, 2, 3].map(() => always(two, "replay", replay))];
    const sent = await run(clock, senders, `mixed-${fresh}-${replay}`, [950, 60_000]);
    expect(eventsIn(sent, "replay")).toBeLessThanOrEqual(0.5 * 950 * 60 + replay);
    expect(eventsIn(sent, "fresh")).toBeGreaterThanOrEqual(0.45 * 950 * 60);
    expect(eventsIn(sent, "replay"), `fresh ${fresh}, replay ${replay}`).toBeGreaterThan(0.45 * 950 * 60);
  }
});

test("many fresh senders do not keep replay from its turn, and many small replays not fresh", async () => {
  const { clock, one, two } = twoProcesses();
  const sender = (lane: Lane, events: number, lateMs: number): Sender => ({
    rate: lane === "fresh" ? one : two,
    lane,
    eventsOf: () => events,
    lateMsOf: () => lateMs,
  });
  const eager = await run(
    clock,
    [sender("replay", 500, 3), ...[1, 2, 3, 4].map(() => sender("fresh", 500, 0))],
    "a",
    [950, 60_000],
  );
  expect(eventsIn(eager, "replay")).toBeGreaterThan(0.4 * 950 * 60);
  clock.nowMs = startMs;
  const small = await run(
    clock,
    [sender("fresh", 500, 15), ...[1, 2, 3, 4].map(() => sender("replay", 5, 0))],
    "b",
    [950, 60_000],
  );
  expect(eventsIn(small, "fresh")).toBeGreaterThan(0.45 * 950 * 60);
});

test("two seconds after the last fresh batch replay has the whole rate", async () => {
  const { clock, one } = twoProcesses();
  await one.take("acme", 1, 950, "fresh");
  const replay: Sender = { rate: one, lane: "replay", eventsOf: () => 100, lateMsOf: () => 0 };
  const sent = await run(clock, [replay], "acme", [950, 12_000]);
  const after = (fromMs: number, toMs: number) =>
    eventsIn(sent.filter(({ atMs }) => atMs >= startMs + fromMs && atMs < startMs + toMs));
  expect(after(0, 2_000)).toBeLessThanOrEqual(950 + 2 * 100);
  expect(after(2_200, 12_000)).toBeGreaterThan(0.95 * 950 * 9.8);
});

test("replay at the whole rate does not have to pay back when fresh batches come", async () => {
  const { clock, one } = twoProcesses();
  const sender = (lane: Lane): Sender => ({ rate: one, lane, eventsOf: () => 100, lateMsOf: () => 0 });
  await run(clock, [sender("replay")], "acme", [950, 30_000]);
  const from = clock.nowMs - startMs;
  const sent = await run(clock, [sender("fresh"), sender("replay")], "acme", [950, from + 4_000]);
  expect(eventsIn(sent, "replay")).toBeGreaterThan(0.4 * 950 * 4);
});

test("a wait stops both lanes of the whole group, to its full length", async () => {
  const { clock, one, two } = twoProcesses();
  await one.notBefore("acme", 3_600_000);
  for (const lane of ["fresh", "replay"] as const)
    expect(await two.take("acme", 1, 950, lane)).toEqual({ granted: false, afterMs: 3_600_000 });
  clock.nowMs += 3_600_000;
  expect(await two.take("acme", 1, 950, "fresh")).toEqual({ granted: true });
});

test("of two waits the one that ends later counts", async () => {
  const { clock, one, two } = twoProcesses();
  await one.notBefore("acme", 10_000);
  await two.notBefore("acme", 2_000);
  expect(await one.take("acme", 1, 950, "fresh")).toEqual({ granted: false, afterMs: 10_000 });
  clock.nowMs += 9_000;
  await two.notBefore("acme", 5_000);
  expect(await one.take("acme", 1, 950, "fresh")).toEqual({ granted: false, afterMs: 5_000 });
});

test("a clock that was set back stops nobody for longer than one batch takes", async () => {
  const { clock, one } = twoProcesses();
  await one.take("acme", 490, 1_000, "fresh");
  clock.nowMs -= 3_600_000;
  expect(await one.take("acme", 490, 1_000, "fresh")).toEqual({ granted: false, afterMs: 500 });
  clock.nowMs += 500;
  expect(await one.take("acme", 490, 1_000, "fresh")).toEqual({ granted: true });
});

test("a clock that was set back leaves a wait as long as it was asked for", async () => {
  const { clock, one } = twoProcesses();
  await one.notBefore("back", 500);
  clock.nowMs -= 3_600_000;
  expect(await one.take("back", 1, 1_000, "fresh")).toEqual({ granted: false, afterMs: 500 });
  await one.notBefore("back", 900);
  expect(await one.take("back", 1, 1_000, "fresh")).toEqual({ granted: false, afterMs: 900 });
  clock.nowMs += 900;
  expect(await one.take("back", 1, 1_000, "fresh")).toEqual({ granted: true });
});

test("a rate that is raised holds at once, also for what was granted before", async () => {
  const { clock, one, two } = twoProcesses();
  expect(await one.take("raised", 500, 1, "fresh")).toEqual({ granted: true });
  expect(await two.take("raised", 500, 1_000, "fresh")).toMatchObject({ granted: false });
  clock.nowMs += 600;
  expect(await two.take("raised", 500, 1_000, "fresh")).toEqual({ granted: true });
});

test("without a clock of its own the rate goes by the clock of Redis", async () => {
  const rate = redisRate(redis.connect());
  expect(await rate.take("acme", 9_800, 1_000, "fresh")).toEqual({ granted: true });
  const refused = await rate.take("acme", 1, 1_000, "fresh");
  expect(refused).toMatchObject({ granted: false });
  if (!refused.granted) expect(refused.afterMs).toSatisfy((afterMs: number) => afterMs > 8_000 && afterMs <= 10_000);
});

test("what is remembered of a group goes when it is idle, but not before its wait is over", async () => {
  const { one } = twoProcesses();
  const connection = redis.connect();
  await one.take("acme", 500, 950, "fresh");
  expect(await connection.pttl("relay:rate:acme")).toSatisfy((ttlMs: number) => ttlMs > 59_000 && ttlMs < 70_000);
  await one.notBefore("acme", 3_600_000);
  expect(await connection.pttl("relay:rate:acme")).toBeGreaterThan(3_600_000);
  await one.take("acme", 500, 950, "replay");
  expect(await connection.pttl("relay:rate:acme")).toBeGreaterThan(3_600_000);
});
