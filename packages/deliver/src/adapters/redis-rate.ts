import { rateKey } from "@currents-relay/shared/core/keys.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";
import type { Rate } from "../rate.ts";

const takeScript = luaScript(new URL("./take.lua", import.meta.url));
const notBeforeScript = luaScript(new URL("./not-before.lua", import.meta.url));

/**
 * We pace at 98 %: between a grant and its arrival at Segment lies a way of varying length, and who comes back `slackMs`
 * late is credited that. 0.98 x (1,000 ms + slack 5 ms + 15 ms of variation) < 1,000 ms, so the promise of `Rate` holds
 * as long as the way varies by less than 15 ms.
 */
const pace = 0.98;
const slackMs = 5;
/** How long the lane that had the last grant lets the other one come first. */
const turnMs = 20;
/** How long after a fresh batch asked (or was to ask again) replay is kept to half of the rate. */
const freshPresentMs = 2_000;
const idleExpiryMs = 60_000;

/**
 * The rate in Redis, by the clock of Redis, so that all processes see one time. `now` (UNIX ms) replaces that clock.
 * Rejects when Redis does: who gets no grant must not send.
 */
export const redisRate = (redis: Redis, now: () => number = () => -1): Rate => ({
  take: async (group, events, eventsPerSecond, lane) => {
    const eachMs = 1_000 / (eventsPerSecond * pace);
    const args = [now(), events, lane, slackMs, turnMs, freshPresentMs, idleExpiryMs, eachMs];
    const afterMs = Number(await takeScript(redis, [rateKey(group)], args));
    return afterMs === 0 ? { granted: true } : { granted: false, afterMs };
  },
  notBefore: async (group, afterMs) => {
    await notBeforeScript(redis, [rateKey(group)], [now(), afterMs, idleExpiryMs]);
  },
});
