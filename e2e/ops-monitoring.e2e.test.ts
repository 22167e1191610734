import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alertRules, type AskedQuery, dashboardQueries, filled, nameOf, selectorsIn } from "./support/ops-queries.ts";
import { type RunningPrometheus, startPrometheus } from "./support/prometheus-process.ts";
import { type RunningRelay, startRelay } from "./support/relay-process.ts";
import { until } from "./support/until.ts";

const stages = ["ingest", "transform", "deliver"] as const;
const bothKeys = ["acme-key", "globex-key"];

/** Panels that are rightly empty in this run: it reads files. */
const mayBeEmpty: readonly string[] = ["Relay: ingest / HTTP requests / A"];
/** What alerts ask for that does not happen in this run. */
const neverInThisRun: readonly string[] = ['relay_notices_total{outcome=~"refused|given-up"}'];

/** What nobody has seen an answer to yet. */
const unanswered = () => {
  const values = { workspace: "acme", rateInterval: "10s" };
  const panels = dashboardQueries().map(({ where, expr }) => ({ where, expr: filled(expr, values) }));
  const selectors = alertRules().flatMap(({ alert, expr }) =>
    selectorsIn(expr)
      .filter((selector) => nameOf(selector) !== "ALERTS" && !neverInThisRun.includes(selector))
      .map((selector) => ({ where: alert, expr: selector })),
  );
  return [...panels, ...selectors].filter(({ where }) => !mayBeEmpty.includes(where));
};

/** The story of one run, told step by step: each test goes on where the one before ended. */
describe("a real Prometheus over a run with an outage in it", () => {
  let folder: string;
  let segment: SegmentSim;
  let redis: RedisServer;
  let webhook: Server;
  let prometheus: RunningPrometheus;
  const relays: Partial<Record<(typeof stages)[number], RunningRelay>> = {};
  let open: AskedQuery[] = unanswered();

  /** Asks every query that had no answer yet; one that Prometheus refuses fails the test. */
  const askAll = async () => {
    const still: AskedQuery[] = [];
    for (const one of open) if ((await prometheus.query(one.expr)).length === 0) still.push(one);
    open = still;
  };
  const fires = (alert: string, labels?: Record<string, string>) =>
    until(`${alert} fires`, () => prometheus.isFiring(alert, labels));
  const clears = (alert: string, labels?: Record<string, string>) =>
    until(`${alert} clears`, async () => !(await prometheus.isFiring(alert, labels)));
  const one = async (expr: string) => (await prometheus.query(expr))[0]?.value;

  const currents = (workspace: string, seed: number, more: { notAvro?: boolean } = {}) =>
    makeCurrents({
      into: join(folder, workspace, String(seed)),
      events: 3_000,
      eventsPerFile: 500,
      duplicatesShare: 0.05,
      seed,
      ...more,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "relay-ops-"));
    segment = await startSegmentSim({ script: { keys: bothKeys } });
    redis = await startRedisServer({ maxmemory: "500mb" });
    webhook = createServer((request, response) => void request.resume().on("end", () => response.end())).listen(0);
    await once(webhook, "listening");
    const { port } = webhook.address() as AddressInfo; // a TCP server's
    const workspace = (name: string) => `
  ${name}:
    segment:
      { writeKey: ${name}-key, endpoint: "${segment.url}", settingsEndpoint: "${segment.url}", credentialCheckEvery: 1s }
    expiry: { after: 1m, then: keep }
    connectors: { engagement: { source: { type: folder, path: ./${name}, poll: 100ms } } }`;
    const config = join(folder, "relay.yaml");
    await writeFile(
      config,
      `version: 1
redis: { url: "${redis.url}" }
notify: { webhook: { url: "http://127.0.0.1:${port}", secret: s3cret } }
workspaces:${workspace("acme")}${workspace("globex")}
`,
    );
    await Promise.all([currents("acme", 1), currents("globex", 2)]);
    const targets: Record<string, string> = {};
    for (const stage of stages) {
      const relay = startRelay([stage, "--config", config, "--admin-port", "0"]);
      relays[stage] = relay;
      const admin = () => /"admin":"http:\/\/([^"]+)"/.exec(relay.stderr())?.[1];
      await until(`${stage} has started`, () => admin() !== undefined);
      targets[`relay-${stage}`] = admin() ?? "";
    }
    prometheus = await startPrometheus(targets);
  });

  afterAll(async () => {
    await Promise.all(Object.values(relays).map((relay) => relay.stop()));
    await prometheus.stop();
    webhook.close();
    await segment.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("while all is well: what was delivered is what Segment has, and nothing asks for anybody", async () => {
    await until("both are delivered", async () => {
      await askAll();
      const { byWriteKey } = segment.stats();
      return (
        bothKeys.every((key) => (byWriteKey[key]?.accepted ?? 0) > 2_500) && (await one("max(relay_lag_seconds)")) === 0
      );
    });
    for (const workspace of ["acme", "globex"])
      await until(`the counters of ${workspace} are those of Segment`, async () => {
        const delivered = await one(`sum(relay_events_total{workspace="${workspace}", stage="deliver", outcome="ok"})`);
        return delivered === segment.stats().byWriteKey[`${workspace}-key`]?.accepted;
      });
    // A pod shows what was a few seconds ago: at the start, that no key was verified.
    await until(
      "nothing fires",
      async () => (await prometheus.query('ALERTS{alertstate="firing"}')).length === 0,
      20_000,
    );
    expect(await one('max(relay_outage_state{workspace="acme", state="flowing"})')).toBe(1);
  });

  it("a key that the settings endpoint no longer knows opens the outage of its workspace, and of no other", async () => {
    const onceDown = { match: { writeKey: "globex-key", route: "batch" as const }, times: 1, then: { status: 503 } };
    segment.control({ keys: ["globex-key"], rules: [onceDown] });
    await fires("RelayOutageOpen", { workspace: "acme", reason: "unknown-write-key" });
    // Only now: what had been sent before it was noticed, Segment would have thrown away.
    await Promise.all([currents("acme", 3), currents("globex", 4, { notAvro: true })]);
    await until(
      "its events are held",
      async () => ((await one('max(relay_held_events{workspace="acme"})')) ?? 0) > 2_500,
    );
    expect(await prometheus.isFiring("RelayOutageOpen", { workspace: "globex" })).toBe(false);
    await fires("RelayFilesQuarantined", { workspace: "globex" });
    await askAll();
  });

  it("the clock of the held events runs: the warning comes at half of the window", async () => {
    expect(await prometheus.isFiring("RelayTimeToLossHalf", { workspace: "acme" })).toBe(false);
    await fires("RelayTimeToLossHalf", { workspace: "acme" });
    expect(await one('max(relay_expiry_remaining_seconds{workspace="acme"})')).toBeLessThan(30);
    expect(await one('max(relay_expiry_remaining_seconds{workspace="globex"})')).toBe(60);
    expect(await one('max(relay_lag_seconds{workspace="acme"})')).toBeGreaterThan(29);
  });

  it("with the key back, everything is delivered, every alert of the outage clears, and the counters add up", async () => {
    segment.control({ keys: bothKeys });
    await clears("RelayOutageOpen");
    await until("nothing is held", async () => (await one("max(relay_held_events)")) === 0);
    await clears("RelayTimeToLossHalf");
    await until("the state is flowing again", async () => {
      await askAll();
      return (await one('max(relay_outage_state{workspace="acme", state="flowing"})')) === 1;
    });
    for (const workspace of ["acme", "globex"]) {
      const delivered = await one(`sum(relay_events_total{workspace="${workspace}", stage="deliver", outcome="ok"})`);
      expect(delivered).toBe(segment.stats().byWriteKey[`${workspace}-key`]?.accepted);
    }
  });

  it("every panel and every alert has had an answer of Prometheus by now", () => {
    expect(open).toEqual([]);
  });

  it("a stage whose last worker ended is told of", async () => {
    await relays.ingest?.stop();
    await fires("RelayStageWithoutWorkers", { stage: "ingest" });
    expect(await prometheus.isFiring("RelayStageWithoutWorkers", { stage: "deliver" })).toBe(false);
  });
});
