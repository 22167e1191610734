import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../config/load.ts";
import type { QueueKind } from "../contracts/jobs.ts";
import type { CountingStage, Tally } from "../contracts/tally.ts";
import type { JobId } from "../core/ids.ts";
import { completedKey, jobKey, outageKey, rateKey } from "../core/keys.ts";
import { handOverTo } from "../queues/hand-over.ts";
import { openWorkspaceQueues } from "../queues/workspace-queues.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { redisSpool } from "../spool/redis-spool.ts";
import { useRedis } from "../testing/redis-server.ts";
import { type Gauges, type GaugesOptions, startGauges } from "./gauges.ts";

const used = useRedis();
const hourMs = 3_600_000;
const startMs = Date.parse("2026-11-23T12:00:00Z");

const configOf = (workspaces: string[]) => {
  const one = (name: string) => `
  ${name}:
    segment: { writeKey: key-of-${name}, eventsPerSecond: 1000 }
    expiry: { after: 10h, then: drop }
    connectors: { engagement: { source: { type: folder, path: ./currents } } }`;
  const loaded = parseConfig(`version: 1\nworkspaces:${workspaces.map(one).join("")}\n`, "/relay.yaml", {
    variables: {},
  });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  return loaded.config;
};

/** A pod with a clock of its own, whose gauges are refreshed by the test. */
const aPod = (options: Partial<GaugesOptions> & { workspaces?: string[] } = {}) => {
  const clock = { nowMs: startMs };
  const metrics = createMetrics();
  const said: unknown[] = [];
  const say = (fields: unknown) => void said.push(fields);
  const gauges: Gauges = startGauges({
    redis: used.connect(),
    metrics,
    config: configOf(options.workspaces ?? ["acme"]),
    // Pino's overloads, of which the gauges use one.
    log: { warn: say, error: say } as unknown as GaugesOptions["log"],
    stages: ["ingest", "transform", "deliver"],
    isReady: () => true,
    everyMs: 1,
    now: () => clock.nowMs,
    ...options,
  });
  const at = async (nowMs: number) => {
    clock.nowMs = nowMs;
    await gauges.refresh();
  };
  const values = async (name: string): Promise<{ value: number; labels: object }[]> =>
    (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
  const value = async (name: string, labels: Record<string, string> = { workspace: "acme" }) =>
    (await values(name)).find((one) => JSON.stringify(one.labels) === JSON.stringify(labels))?.value;
  return { gauges, metrics, at, value, values, said };
};

const letters = { ingest: "i", transform: "t", deliver: "d", deadletter: "d", quarantine: "q" };

/** Work made by hand in the queues of a workspace. */
const work = (workspace = "acme") => {
  const redis = used.connect();
  const queues = openWorkspaceQueues(redis, workspace);
  const spool = redisSpool(redis, workspace);
  onTestFinished(() => queues.close());
  let next = 0;
  const add = async (kind: QueueKind, data: object, events = 0): Promise<JobId> => {
    const id = `${letters[kind]}-${(next += 1)}` as JobId; // the form that core/ids.ts makes
    const parcel = { id, data, payload: Buffer.from(`{"event":${next}}`), events };
    if (kind !== "deadletter") await handOverTo(kind, spool, queues)([parcel]);
    else {
      await spool.put([{ ...parcel, kind: "deliver" }]);
      await queues.add("deadletter", [parcel]);
      await spool.move(id, "deliver", "deadletter");
    }
    return id;
  };
  /** Ends a job as BullMQ and the worker would. */
  const end = async (kind: CountingStage, id: JobId, tally: Tally) => {
    await redis.lrem(`relay:${kind}-${workspace}:wait`, 1, id);
    await redis.zadd(completedKey(kind, workspace), startMs, id);
    await spool.settle(id, kind, kind, tally);
  };
  return { redis, queues, add, end };
};

test("without any work: no lag, no backlog, the whole window, one desired worker of each stage", async () => {
  const { at, value } = aPod();
  await at(startMs);
  expect(await value("relay_lag_seconds")).toBe(0);
  expect(await value("relay_drain_forecast_seconds")).toBe(0);
  expect(await value("relay_expiry_remaining_seconds")).toBe(36_000);
  expect(await value("relay_expiry_window_seconds", { workspace: "acme", then: "drop" })).toBe(36_000);
  expect(await value("relay_held_events")).toBe(0);
  expect(await value("relay_outage_state", { workspace: "acme", state: "unverified" })).toBe(1);
  for (const stage of ["ingest", "transform", "deliver"])
    expect(await value("relay_desired_workers", { stage })).toBe(1);
});

test.each(["ingest", "transform", "deliver", "deadletter"] as const)(
  "lag is the age of the oldest event, where it waits in %s",
  async (kind) => {
    const { at, value } = aPod();
    const { add } = work();
    await add(kind, { landedAtMs: startMs - 90_000 }, 10);
    await add(kind, { landedAtMs: startMs - 5_000 }, 10);
    await at(startMs);
    expect(await value("relay_lag_seconds")).toBe(90);
  },
);

test("a job in hand, and one that waits for another try, are undelivered too", async () => {
  const { at, value } = aPod();
  const { add, redis } = work();
  const inHand = await add("deliver", { landedAtMs: startMs - 60_000 });
  await redis.lmove("relay:deliver-acme:wait", "relay:deliver-acme:active", "RIGHT", "LEFT");
  await at(startMs);
  expect(await value("relay_lag_seconds")).toBe(60);
  await redis.lrem("relay:deliver-acme:active", 1, inHand);
  await redis.zadd("relay:transform-acme:delayed", 1, "later");
  await redis.hset(
    jobKey("transform", "acme", "later" as JobId),
    "data",
    JSON.stringify({ landedAtMs: startMs - 7_000 }),
  );
  await at(startMs + 1_000);
  expect(await value("relay_lag_seconds")).toBe(8);
});

test("what is quarantined is at its end: no lag", async () => {
  const { at, value } = aPod();
  await work().add("quarantine", { landedAtMs: startMs - 90_000 }, 10);
  await at(startMs);
  expect(await value("relay_lag_seconds")).toBe(0);
  expect(await value("relay_quarantine_waiting_events")).toBe(10);
});

test("held events run down the clock from when they were held, not from when they landed", async () => {
  const { at, value } = aPod();
  const { add } = work();
  await add("deadletter", { landedAtMs: startMs - 20 * hourMs, heldAtMs: startMs - 4 * hourMs }, 300);
  await add("deadletter", { landedAtMs: startMs - 20 * hourMs, heldAtMs: startMs - hourMs }, 200);
  await add("deliver", { landedAtMs: startMs }, 500);
  await at(startMs);
  expect(await value("relay_expiry_remaining_seconds")).toBe(6 * 3_600);
  expect(await value("relay_held_events")).toBe(500);
  const [held, spool] = [await value("relay_held_bytes"), await value("relay_spool_bytes")];
  expect(held).toBeCloseTo((spool ?? 0) / 2, -1);
});

test("the outage: its state, its age, why, and when the key was verified", async () => {
  const { at, value } = aPod();
  const { redis } = work();
  const state = {
    kind: "holding",
    sinceMs: 1,
    untold: [],
    operator: false,
    lastVerifiedMs: startMs - 300_000,
    outage: { openedMs: startMs - 120_000 },
    trouble: { reason: "unauthorized" },
  };
  await redis.set(outageKey("acme"), JSON.stringify({ v: 1, version: 3, state }));
  await at(startMs);
  expect(await value("relay_outage_state", { workspace: "acme", state: "holding" })).toBe(1);
  expect(await value("relay_outage_state", { workspace: "acme", state: "flowing" })).toBe(0);
  expect(await value("relay_outage_age_seconds")).toBe(120);
  expect(await value("relay_hold_reason", { workspace: "acme", reason: "unauthorized" })).toBe(1);
  expect(await value("relay_hold_reason", { workspace: "acme", reason: "forbidden" })).toBe(0);
  expect(await value("relay_key_verified_age_seconds")).toBe(300);
});

test("backlog by stage, files that wait, quarantined by reason", async () => {
  const { at, value } = aPod();
  const { add, end } = work();
  const chunk = await add("transform", { landedAtMs: startMs }, 100);
  await add("transform", { landedAtMs: startMs }, 40);
  await add("deliver", { landedAtMs: startMs }, 90);
  await add("ingest", { landedAtMs: startMs });
  await end("transform", chunk, { in: 100, ok: 90, "quarantined:missing-id": 10 });
  await at(startMs);
  expect(await value("relay_backlog_events", { workspace: "acme", stage: "transform" })).toBe(40);
  expect(await value("relay_backlog_events", { workspace: "acme", stage: "deliver" })).toBe(90);
  expect(await value("relay_backlog_files")).toBe(1);
  expect(await value("relay_quarantined_events", { workspace: "acme", reason: "missing-id" })).toBe(10);
  expect(await value("relay_quarantined_events", { workspace: "acme", reason: "poison" })).toBe(0);
});

test("the forecast is the backlog over the rate by which it becomes less, and +Inf when it does not", async () => {
  const { at, value } = aPod();
  const { add, end } = work();
  const batches: JobId[] = [];
  for (let batch = 0; batch < 20; batch += 1) batches.push(await add("deliver", { landedAtMs: startMs }, 1_000));
  await at(startMs);
  expect(await value("relay_drain_forecast_seconds")).toBeUndefined();
  await at(startMs + 10_000);
  expect(await value("relay_drain_forecast_seconds")).toBe(Infinity);
  for (const batch of batches.slice(0, 2)) await end("deliver", batch, { in: 1_000, ok: 1_000 });
  await at(startMs + 20_000);
  expect(await value("relay_rate_used_events_per_second")).toBe(100);
  expect(await value("relay_drain_forecast_seconds")).toBe(180);
});

test("more work than the workers do: more of them are desired; held and rate-limited work asks for none", async () => {
  const { at, value } = aPod();
  const { add, end } = work();
  await add("deadletter", { landedAtMs: startMs, heldAtMs: startMs }, 90_000_000);
  await add("deliver", { landedAtMs: startMs }, 90_000_000);
  await at(startMs);
  expect(await value("relay_desired_workers", { stage: "deliver" })).toBe(1);
  expect(await value("relay_desired_workers", { stage: "transform" })).toBe(1);
  const chunk = await add("transform", { landedAtMs: startMs }, 20_000);
  await add("transform", { landedAtMs: startMs }, 3_000_000);
  await at(startMs + 10_000);
  await end("transform", chunk, { in: 20_000, ok: 20_000 });
  await at(startMs + 20_000);
  expect(await value("relay_desired_workers", { stage: "transform" })).toBeGreaterThan(5);
  const capacity = await value("relay_worker_capacity_events_per_second", { stage: "transform" });
  expect(capacity).toBeLessThan(10_000);
});

/** A configuration in which no rate limit stands in the way. */
const unlimited = () => {
  const config = configOf(["acme"]);
  for (const { segment } of Object.values(config.workspaces)) segment.eventsPerSecond = 1_000_000;
  return config;
};

test("while Segment asks us to wait, or the key is not verified, no worker is desired for what waits", async () => {
  const { at, value } = aPod({ config: unlimited() });
  const { add, redis } = work();
  const desired = async (nowMs: number) => {
    await at(nowMs);
    return value("relay_desired_workers", { stage: "deliver" });
  };
  await add("deliver", { landedAtMs: startMs }, 90_000_000);
  expect(await desired(startMs)).toBe(1);
  await redis.set(outageKey("acme"), JSON.stringify({ v: 1, version: 1, state: { kind: "flowing", untold: [] } }));
  expect(await desired(startMs + hourMs)).toBeGreaterThan(10);
  await redis.hset(rateKey("acme"), "notBefore", startMs + 9 * hourMs);
  expect(await desired(startMs + 2 * hourMs)).toBe(1);
});

test("more ingest workers are desired for files that wait, and none for a spool that is full", async () => {
  const config = configOf(["acme"]);
  const { at, value } = aPod({ config });
  const { redis, add } = work();
  for (let file = 0; file < 1_000; file += 1) await redis.lpush("relay:ingest-acme:wait", `i-${file}`);
  await at(startMs);
  expect(await value("relay_desired_workers", { stage: "ingest" })).toBeGreaterThan(3);
  await add("transform", { landedAtMs: startMs }, 1);
  for (const workspace of Object.values(config.workspaces)) workspace.spoolBudget = 10;
  await at(startMs + hourMs);
  expect(await value("relay_desired_workers", { stage: "ingest" })).toBe(1);
});

test("a pod that is not ready, or has ended, is no worker", async () => {
  const ready = { is: true };
  const [one, other] = [aPod(), aPod({ stages: ["deliver"], isReady: () => ready.is })];
  await other.at(startMs);
  await one.at(startMs + 60_000);
  expect(await one.value("relay_workers", { stage: "deliver" })).toBe(2);
  expect(await one.value("relay_workers", { stage: "ingest" })).toBe(1);
  ready.is = false;
  await other.at(startMs + 120_000);
  expect(await other.value("relay_workers", { stage: "deliver" })).toBe(1);
  await one.gauges.drain(new AbortController().signal);
  await other.at(startMs + 180_000);
  expect(await other.value("relay_workers", { stage: "ingest" })).toBe(0);
});

test("events that are nowhere show after a few minutes, and counters that lag for a moment do not", async () => {
  const { at, value } = aPod();
  const { add, end } = work();
  const lost = await add("transform", { landedAtMs: startMs }, 100);
  await end("transform", lost, { in: 100, ok: 100 }); // and gave nothing to deliver
  const missing = () => value("relay_unaccounted_events", { workspace: "acme", check: "transform to deliver" });
  await at(startMs);
  expect(await missing()).toBe(0);
  for (let seconds = 10; seconds <= 180; seconds += 10) await at(startMs + seconds * 1_000);
  expect(await missing()).toBe(100);
  await add("deliver", { landedAtMs: startMs }, 100);
  await at(startMs + 200_000);
  expect(await missing()).toBe(0);
});

test("several pods show the same, and only one of them reads the queues", async () => {
  const [one, other] = [aPod({ everyMs: 60_000 }), aPod({ everyMs: 60_000 })];
  const { add } = work();
  await add("deliver", { landedAtMs: startMs - 10_000 }, 10);
  await one.at(startMs);
  await add("deliver", { landedAtMs: startMs - 10_000 }, 10);
  await other.at(startMs);
  for (const pod of [one, other]) {
    expect(await pod.value("relay_lag_seconds")).toBe(10);
    expect(await pod.value("relay_backlog_events", { workspace: "acme", stage: "deliver" })).toBe(10);
  }
});

test("a pod that took the lease and died is not waited for", async () => {
  const { at, value } = aPod({ everyMs: 1_000 });
  const { add, redis } = work();
  await at(startMs);
  await redis.set("relay:gauges-lease", "a dead pod", "PX", 60_000);
  await add("deliver", { landedAtMs: startMs }, 10);
  await at(startMs + 2_000);
  expect(await value("relay_backlog_events", { workspace: "acme", stage: "deliver" })).toBe(0);
  await at(startMs + 4_000);
  expect(await value("relay_backlog_events", { workspace: "acme", stage: "deliver" })).toBe(10);
});

test("a full Redis is still read, and shown", async () => {
  const { at, value } = aPod();
  const { add, redis } = work();
  await add("deliver", { landedAtMs: startMs }, 10);
  await redis.config("SET", "maxmemory", "1");
  onTestFinished(async () => void (await redis.config("SET", "maxmemory", "0")));
  await at(startMs + 5_000);
  expect(await value("relay_lag_seconds")).toBe(5);
  expect(await value("relay_workers", { stage: "deliver" })).toBe(1);
  expect(await value("relay_redis_memory_limit_bytes", {})).toBe(1);
  expect(await value("relay_redis_memory_bytes", {})).toBeGreaterThan(100_000);
});

test("what is damaged in one workspace, or under the key of all, blinds no other", async () => {
  const { at, value, said } = aPod({ workspaces: ["acme", "bad"] });
  const redis = used.connect();
  await Promise.all([redis.set(outageKey("bad"), "{oops"), redis.set("relay:gauges", "not ours")]);
  await work().add("transform", { landedAtMs: startMs }, 100);
  await at(startMs);
  expect(await value("relay_backlog_events", { workspace: "acme", stage: "transform" })).toBe(100);
  expect(said).toMatchObject([{ workspace: "bad" }]);
});

test("a workspace that is no longer configured is no longer shown, and a new one is", async () => {
  const { gauges, at, value, values } = aPod({ workspaces: ["acme", "old"] });
  await at(startMs);
  expect(await value("relay_lag_seconds", { workspace: "old" })).toBe(0);
  gauges.apply(configOf(["acme", "new"]));
  await at(startMs + hourMs);
  expect((await values("relay_lag_seconds")).map(({ labels }) => labels)).toEqual([
    { workspace: "acme" },
    { workspace: "new" },
  ]);
});

test("schemas by event type; types that Braze does not list share one label", async () => {
  const { at, value } = aPod();
  const { redis } = work();
  await redis.hset("relay:schema-counts:acme", {
    "users.messages.email.Click": `2:${startMs}`,
    "users.made.Up": "1:0",
    "users.made.Up2": "3:5000",
  });
  await at(startMs);
  const click = { workspace: "acme", event_type: "users.messages.email.Click" };
  expect(await value("relay_schema_fingerprints", click)).toBe(2);
  expect(await value("relay_schema_changed_timestamp_seconds", click)).toBe(startMs / 1_000);
  expect(await value("relay_schema_fingerprints", { workspace: "acme", event_type: "other" })).toBe(4);
  expect(await value("relay_schema_changed_timestamp_seconds", { workspace: "acme", event_type: "other" })).toBe(5);
});

test("the cost of a refresh does not depend on the backlog", async () => {
  const { at } = aPod();
  const { queues, redis } = work();
  const commandsOf = async (nowMs: number) => {
    const before = await commands(redis);
    await at(nowMs);
    return (await commands(redis)) - before;
  };
  const jobs = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `d-${from + i}` as JobId, data: { landedAtMs: startMs } }));
  await queues.add("deliver", jobs(0, 10));
  await at(startMs);
  const few = await commandsOf(startMs + 10_000);
  await queues.add("deliver", jobs(10, 3_000));
  expect(await commandsOf(startMs + 20_000)).toBeLessThan(few + 5);
});

/** Commands that the server has run; a few are of other connections. */
const commands = async (redis: ReturnType<typeof used.connect>): Promise<number> =>
  Number(/total_commands_processed:(\d+)/.exec(await redis.info("stats"))?.[1]);

test("counters are there at 0 from the start, and the loop refreshes by itself until it is drained", async () => {
  const { gauges, value, values } = aPod({ everyMs: 5, now: Date.now });
  await gauges.start?.();
  expect(await value("relay_events_total", { workspace: "acme", stage: "deliver", outcome: "ok", reason: "" })).toBe(0);
  expect(await value("relay_files_total", { workspace: "acme", outcome: "quarantined" })).toBe(0);
  await expect.poll(async () => (await values("relay_lag_seconds")).length).toBe(1);
  const refreshed = await value("relay_gauges_refreshed_timestamp_seconds", {});
  await expect
    .poll(async () => value("relay_gauges_refreshed_timestamp_seconds", {}))
    .toBeGreaterThan(refreshed ?? Infinity);
  await gauges.drain(new AbortController().signal);
  await gauges.drain(new AbortController().signal);
});
