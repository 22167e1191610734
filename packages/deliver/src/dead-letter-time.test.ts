import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { endsOf, type Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { describe, expect, it } from "vitest";
import { lookOnce } from "./adapters/dead-letter-clock.ts";
import { memoryOutages } from "./adapters/redis-outage-memory.ts";
import { watchOutage } from "./adapters/redis-outage-watch.ts";
import type { Effect } from "./core/outage-event.ts";
import { maySend } from "./core/outage-state.ts";
import type { Expiry } from "./dead-letters.ts";
import { endByAge } from "./end-by-age.ts";

/** An outage of 121 hours, hour by hour: the same parts as in the deliver stage, on a clock that the test winds. */

const hourMs = 3_600_000;
const beganMs = Date.UTC(2026, 10, 23);
const keyFingerprint = "k";
const callsPerBatch = 7;

const silent = { info: () => undefined, warn: () => undefined } as never; // what the watch uses of a logger

const aDeadLetter = (heldAtMs: number): DeadLetterJob => ({
  v: 1,
  connector: "engagement",
  calls: callsPerBatch,
  bytes: 700,
  landedAtMs: heldAtMs,
  origin: { uri: "file:///currents/a.avro", blockOffset: 512 },
  heldAtMs,
  heldFor: "unknown-write-key",
});

const openOutageOf = async (then: Expiry["then"]) => {
  const clock = { nowMs: beganMs };
  const now = () => clock.nowMs;
  const expiry: Expiry = { afterMs: 48 * hourMs, then };
  const held: { id: JobId; data: DeadLetterJob }[] = []; // oldest first, as in the queue
  const ended: { id: JobId; tally: Tally; hour: number }[] = [];
  const archived: JobId[] = [];
  const told: { effect: Effect; hour: number }[] = [];
  const hour = () => (clock.nowMs - beganMs) / hourMs;

  const outage = watchOutage({
    workspace: "acme",
    outages: memoryOutages(),
    log: silent,
    onEffects: (effects) => {
      for (const effect of effects) if (effect.startsWith("tell")) told.push({ effect, hour: hour() });
    },
  });
  await outage.refresh();
  await outage.report({ kind: "keyChanged", keyFingerprint, atMs: beganMs - 2 });
  await outage.report({ kind: "probe", result: "known", keyFingerprint, atMs: beganMs - 1 });
  await outage.report({ kind: "probe", result: "unknown", keyFingerprint, atMs: beganMs });

  const archive = (id: JobId) => {
    archived.push(id);
    return Promise.resolve(true);
  };
  const end = endByAge(expiry, archive, now);
  const deadLetters = { oldestHeldMs: () => Promise.resolve(held[0]?.data.heldAtMs) };

  /** As the dead-letter worker does: the oldest is sent if it may be, ends by its age if not, and else bars the way. */
  const workOff = async (): Promise<void> => {
    for (let oldest = held[0]; oldest; oldest = held[0]) {
      const mayGo = maySend(outage.state(), keyFingerprint) === "yes";
      const outcome = mayGo ? undefined : await end(oldest);
      if (mayGo) ended.push({ id: oldest.id, tally: { in: callsPerBatch, ok: callsPerBatch }, hour: hour() });
      else if (outcome?.kind === "ok") ended.push({ id: oldest.id, tally: outcome.value, hour: hour() });
      else return;
      held.shift();
    }
  };

  return {
    outage,
    held,
    ended,
    archived,
    told,
    /** A batch is held every hour up to `lastHeldHour`, and everybody looks once a minute. */
    passUntil: async (untilHour: number, lastHeldHour: number) => {
      for (; hour() < untilHour; clock.nowMs += hourMs / 60) {
        if (hour() <= lastHeldHour && Number.isInteger(hour()))
          held.push({ id: `d-${hour()}` as JobId, data: aDeadLetter(clock.nowMs) });
        await workOff();
        await lookOnce({ deadLetters, outage, expiry, log: silent, now });
      }
    },
    goodAgain: async () => {
      await outage.report({ kind: "probe", result: "known", keyFingerprint, atMs: now() });
      await workOff();
      await lookOnce({ deadLetters, outage, expiry, log: silent, now });
    },
  };
};

const idsOfHours = (hours: number): string[] => Array.from({ length: hours }, (_, hour) => `d-${hour}`);
const sumOf = (ended: readonly { tally: Tally }[], label: keyof Tally): number =>
  ended.reduce((sum, { tally }) => sum + (tally[label] ?? 0), 0);

describe.each(["keep", "archive", "drop"] as const)("an outage of 121 hours with a window of 48 h, then %s", (then) => {
  it("touches nothing before the 48th hour", async () => {
    const { passUntil, held, ended, archived } = await openOutageOf(then);
    await passUntil(48, 121);
    expect(held.map(({ id }) => id)).toEqual(idsOfHours(48));
    expect([ended, archived]).toEqual([[], []]);
  });

  it("tells at its beginning, at 50, 80 and 95 % of the window, once each, and at its end", async () => {
    const { passUntil, goodAgain, told } = await openOutageOf(then);
    await passUntil(121, 121);
    await goodAgain();
    expect(told.map(({ effect }) => effect)).toEqual(["tellOpened", "tellHalf", "tell80", "tell95", "tellClosed"]);
    const minute = 1 / 60;
    for (const [index, hour] of [0, 24, 38.4, 45.6, 121].entries()) {
      expect(told[index]?.hour).toBeGreaterThanOrEqual(hour);
      expect(told[index]?.hour).toBeLessThan(hour + minute);
    }
  });
});

describe("when the key is good again after 121 hours and a half", () => {
  it("keep has kept every batch, and sends all, oldest first", async () => {
    const { passUntil, goodAgain, held, ended, archived, outage } = await openOutageOf("keep");
    await passUntil(121.5, 120);
    expect(held).toHaveLength(121);
    expect(ended).toEqual([]);
    await goodAgain();
    expect(ended.map(({ id }) => id)).toEqual(idsOfHours(121));
    expect(sumOf(ended, "ok")).toBe(121 * callsPerBatch);
    expect(archived).toEqual([]);
    expect(outage.state().kind).toBe("flowing");
  });

  it("archive has every batch whose 48 hours were over, at its own hour and once, and sends the others", async () => {
    const { passUntil, goodAgain, held, ended, archived } = await openOutageOf("archive");
    await passUntil(121.5, 120);
    expect(archived).toEqual(idsOfHours(74));
    for (const [index, { hour }] of ended.entries()) expect(hour).toBeCloseTo(index + 48, 1);
    expect(held).toHaveLength(47);
    await goodAgain();
    expect(sumOf(ended, "archived")).toBe(74 * callsPerBatch);
    expect(sumOf(ended, "ok")).toBe(47 * callsPerBatch);
  });

  it("drop has counted every event whose 48 hours were over, and sends the others", async () => {
    const { passUntil, goodAgain, ended, archived } = await openOutageOf("drop");
    await passUntil(121.5, 120);
    await goodAgain();
    expect(sumOf(ended, "dropped:expired")).toBe(74 * callsPerBatch);
    expect(sumOf(ended, "ok")).toBe(47 * callsPerBatch);
    expect(archived).toEqual([]);
  });
});

describe.each(["archive", "drop"] as const)("when nothing more lands and all hours are over, %s", (then) => {
  it("has ended every batch, and every event that was held has one end", async () => {
    const { passUntil, held, ended, archived } = await openOutageOf(then);
    await passUntil(121, 20);
    expect(held).toEqual([]);
    expect(ended.map(({ id }) => id)).toEqual(idsOfHours(21));
    expect(sumOf(ended, "in")).toBe(21 * callsPerBatch);
    for (const { tally } of ended) expect(endsOf(tally)).toBe(tally.in);
    expect(archived).toEqual(then === "archive" ? idsOfHours(21) : []);
  });
});
