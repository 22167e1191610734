import { setImmediate as turn } from "node:timers/promises";
import { parseConfig } from "@currents-relay/shared/config/load.ts";
import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ProbeResult } from "../core/outage-event.ts";
import { credentialWatch, keyFingerprint } from "./credential-watch.ts";
import { memoryCheckLeases } from "./credential-watch-lease-conformance.ts";
import { memoryOutages } from "./redis-outage-memory.ts";
import { watchOutage } from "./redis-outage-watch.ts";
import { answerWith, startStandIn } from "./transport-stand-in.ts";

/** The `segment` part of a configuration with these lines in it. */
const segmentOf = (...lines: string[]): SegmentConfig => {
  const segment = ["writeKey: the-write-key", ...lines].map((line) => `      ${line}`).join("\n");
  const text = `version: 1\nworkspaces:\n  acme:\n    segment:\n${segment}\n    connectors:\n      a: { source: { type: folder, path: . } }\n`;
  const loaded = parseConfig(text, "/relay.yaml", { variables: {} });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  return loaded.config.workspaces["acme"]!.segment;
};

const log = createLogger({ level: "silent", terminal: false });
log.child = () => log as never; // a child would log past the spy; its type depends on custom levels, of which there are none
const warned = vi.spyOn(log, "warn");
const inTime = () => AbortSignal.timeout(8_000);

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  warned.mockClear();
});

/** A running watch over a settings endpoint of the test. */
const begin = async (...lines: string[]) => beginEvery(20, ...lines);
const beginEvery = async (credentialCheckEveryMs: number, ...lines: string[]) => {
  const cdn = await startStandIn();
  ends.push(() => cdn[Symbol.asyncDispose]());
  cdn.react(answerWith(200, {}, "{}"));
  const outages = memoryOutages();
  const outage = watchOutage({ workspace: "acme", outages, log, everyMs: 5 });
  await outage.start();
  ends.push(() => outage.drain(inTime()));
  const counted: ProbeResult[] = [];
  const clock = { aheadMs: 0 };
  const segment = { ...segmentOf(`settingsEndpoint: ${cdn.url}`, ...lines), credentialCheckEveryMs };
  const watch = credentialWatch({
    workspace: "acme",
    segment,
    outage,
    leases: memoryCheckLeases(Date.now),
    log,
    count: (result) => counted.push(result),
    onWord: () => undefined,
    now: () => Date.now() + clock.aheadMs,
    longestPauseMs: 20,
  });
  ends.push(() => watch.drain(inTime()));
  return { cdn, outage, outages, watch, counted, segment, clock };
};
const untilKind = (outage: { state: () => { kind: string } }, kind: string) =>
  expect.poll(() => outage.state().kind, { interval: 5 }).toBe(kind);

describe("the watch of a write key", () => {
  it("asks the settings endpoint for the key, and goes on asking", async () => {
    const { cdn, outage, watch, counted } = await begin();
    expect(watch.isCurrent()).toBe(false);
    watch.start();
    expect(await cdn.nextArrival()).toMatchObject({ method: "GET", path: "/v1/projects/the-write-key/settings" });
    await untilKind(outage, "flowing");
    expect(watch.isCurrent()).toBe(true);
    await cdn.nextArrival();
    expect(counted[0]).toBe("known");
  });

  it("holds when the key dies, and replays when it is known again", async () => {
    const { cdn, outage, watch } = await begin();
    watch.start();
    await untilKind(outage, "flowing");
    cdn.react(answerWith(404));
    await untilKind(outage, "holding");
    cdn.react(answerWith(200, {}, "{}"));
    await untilKind(outage, "replaying");
  });

  it("keeps the last known state while the endpoint is down, and counts and logs that", async () => {
    const { cdn, outage, watch, counted } = await begin();
    watch.start();
    await untilKind(outage, "flowing");
    cdn.react(answerWith(503));
    await expect.poll(() => counted.filter((result) => result === "undecided").length).toBeGreaterThan(1);
    expect(outage.state().kind).toBe("flowing");
    expect(warned).toHaveBeenCalledWith(
      expect.objectContaining({ why: expect.stringContaining("503") }),
      "credentials.undecided",
    );
  });

  it("trusts the key unseen where that is configured, and warns of it once", async () => {
    const { cdn, outage, watch, counted } = await begin("credentialCheck: none");
    watch.start();
    watch.start();
    await untilKind(outage, "flowing");
    await expect.poll(() => counted.length).toBeGreaterThan(2);
    expect(cdn.begun()).toBe(0);
    expect(warned.mock.calls.filter(([line]) => String(line).startsWith("credentials.unchecked"))).toHaveLength(1);
  });

  it("lets a trial go from time to time after a refusal, also where the key is trusted unseen", async () => {
    const { outage, watch, segment } = await begin("credentialCheck: none");
    watch.start();
    await untilKind(outage, "flowing");
    const refused = { kind: "refused", reason: "forbidden", keyFingerprint: keyFingerprint(segment) } as const;
    for (let times = 0; times < 2; times += 1) {
      await outage.report({ ...refused, atMs: Date.now() });
      await untilKind(outage, "replaying");
      expect(outage.state()).toMatchObject({ trial: { reason: "forbidden" } });
    }
  });

  it("asks at once when it is told to", async () => {
    const { cdn, outage, watch } = await beginEvery(3_600_000);
    watch.start();
    await untilKind(outage, "flowing");
    cdn.react(answerWith(404));
    watch.askNow();
    await untilKind(outage, "holding");
  });

  it("sees before its next question is due that another pod has made one due", async () => {
    const { cdn, outage, outages, watch, segment, clock } = await beginEvery(3_600_000);
    watch.start();
    await untilKind(outage, "flowing");
    const before = cdn.begun();
    const atMs = Date.now();
    clock.aheadMs = 60_000;
    await outages.report({ kind: "probe", result: "unknown", keyFingerprint: keyFingerprint(segment), atMs });
    await expect.poll(() => cdn.begun(), { interval: 5 }).toBeGreaterThan(before);
    await untilKind(outage, "replaying");
  });

  it("goes on after Redis did not answer", async () => {
    const { outage, outages, watch } = await begin();
    const report = outages.report;
    let failures = 0;
    outages.report = () => {
      failures += 1;
      return Promise.reject(new Error("Connection is closed."));
    };
    watch.start();
    await expect.poll(() => failures).toBeGreaterThan(0);
    outages.report = report;
    watch.askNow();
    await untilKind(outage, "flowing");
  });

  it("ends at once in the middle of a pause", async () => {
    const { outage, watch } = await beginEvery(3_600_000);
    watch.start();
    await untilKind(outage, "flowing");
    await turn();
    const ended = watch.drain(inTime()).then(() => "at once");
    expect(await Promise.race([ended, turn("later")])).toBe("at once");
  });

  it("breaks a question off when it ends, reports nothing of it, and may end twice or before its start", async () => {
    const { cdn, outage, watch, counted } = await begin();
    await watch.drain(inTime());
    watch.start();
    expect(cdn.begun()).toBe(0);
    const again = await begin();
    again.cdn.react(() => undefined);
    again.watch.start();
    await again.cdn.nextArrival();
    await Promise.all([again.watch.drain(inTime()), again.watch.drain(inTime())]);
    expect([...counted, ...again.counted]).toEqual([]);
    expect([outage.state().kind, again.outage.state().kind]).toEqual(["unverified", "unverified"]);
  });
});

describe("the fingerprint of the credentials", () => {
  const lines = ["region: us", "oauth: { clientId: c, privateKey: p, keyId: k }"];

  it("is the same for the same credentials, and shows nothing of them", () => {
    expect(keyFingerprint(segmentOf(...lines))).toBe(keyFingerprint(segmentOf(...lines, "eventsPerSecond: 5")));
    expect(keyFingerprint(segmentOf(...lines))).toMatch(/^[0-9a-f]{16}$/);
  });

  it("is another one for whatever decides whether Segment takes our calls", () => {
    const base = segmentOf(...lines);
    const others = [
      segmentOf("region: us"),
      segmentOf("region: us", "oauth: { clientId: c, privateKey: other, keyId: k }"),
      segmentOf("region: eu", lines[1]!),
      segmentOf(...lines, "endpoint: https://elsewhere.example"),
      segmentOf(...lines, "settingsEndpoint: https://elsewhere.example"),
      segmentOf(...lines, "credentialCheck: none"),
      { ...base, writeKey: segmentOf("oauth: { clientId: c, privateKey: other, keyId: k }").oauth!.privateKey },
    ];
    const fingerprints = [base, ...others].map(keyFingerprint);
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
  });
});
