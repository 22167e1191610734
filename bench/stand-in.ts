import { join } from "node:path";
import type { Control } from "@currents-relay/sim/segment-sim/control.ts";
import type { Arrival, SegmentStats } from "@currents-relay/sim/segment-sim/ledger.ts";
import { freePort } from "./free-port.ts";
import { imageEnvironment } from "./image-environment.ts";
import { checkAlive, type MeasuredProcess, startMeasured } from "./measured-process.ts";
import { until } from "./until.ts";

const program = join(import.meta.dirname, "../packages/sim/src/segment-sim/main.ts");

export interface StandIn {
  url: string;
  process: MeasuredProcess;
  stats: () => Promise<SegmentStats>;
  control: (script: Control) => Promise<void>;
  /**
   * Resolves when it has accepted so many different events in all, with when the last of them came (UNIX ms). Rejects
   * when none comes for a minute, and when one came twice.
   */
  untilAccepted: (events: number) => Promise<number>;
}

export interface StandInOptions {
  folder: string;
  signal: AbortSignal;
  /** Accepted ids go to this file, one JSON line each: {at, id, writeKey}. */
  idLog?: string;
}

const patienceMs = 60_000;
const warmUpCalls = 300;
const warmUpRequests = 200;
const warmUpAtOnce = 4;

/** Segment has been running for long: what it would compile in its first second is not what is measured. */
const warmUp = async (page: (path: string, init?: RequestInit) => Promise<Response>): Promise<void> => {
  const call = {
    type: "track",
    messageId: "warm-up-".padEnd(36, "0"),
    userId: "u",
    properties: { text: "x".repeat(1_000) },
  };
  const body = JSON.stringify({
    batch: Array.from({ length: warmUpCalls }, () => call),
    writeKey: "bench-key-warm-up",
  });
  const sendAll = async () => {
    for (let sent = 0; sent < warmUpRequests; sent += 1)
      await page("/v1/batch", { method: "POST", body, headers: { "content-type": "application/json" } });
  };
  await Promise.all(Array.from({ length: warmUpAtOnce }, sendAll));
  await page("/__control", { method: "POST", body: JSON.stringify({ reset: true }) });
};

/** Starts the stand-in for Segment as a process of its own, as the image does, in its fast mode: it looks at ids only. */
export const startStandIn = async ({ folder, signal, idLog }: StandInOptions): Promise<StandIn> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logging = idLog === undefined ? [] : ["--log", idLog, "--log-ids"];
  const command = [
    "env",
    ...imageEnvironment(),
    process.execPath,
    program,
    "--port",
    String(port),
    "--fast",
    ...logging,
  ];
  const child = startMeasured("stand-in", command, folder);

  const page = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await fetch(url + path, { ...init, signal });
    if (!response.ok) throw new Error(`the stand-in answered ${response.status} to ${path}: ${await response.text()}`);
    return response;
  };
  const stats = async () => (await (await page("/__stats")).json()) as SegmentStats; // its own page
  /** When there are so many, or after a second. */
  const acceptedBy = async (events: number) => (await (await page(`/__accepted?atLeast=${events}`)).json()) as number;
  const lastArrivalMs = async () => ((await (await page("/__arrivals")).json()) as Arrival[]).at(-1)?.atMs ?? 0;

  await until({ what: "an answer of the stand-in", signal }, async () => {
    await checkAlive([child]);
    return fetch(`${url}/__stats`, { signal }).catch(() => undefined);
  });
  await warmUp(page);
  return {
    url,
    process: child,
    stats,
    control: async (script) => void (await page("/__control", { method: "POST", body: JSON.stringify(script) })),
    untilAccepted: async (events) => {
      let last = { accepted: -1, atMs: performance.now() };
      await until({ what: `${events} accepted events`, signal, withinMs: Infinity, everyMs: 0 }, async () => {
        const accepted = await acceptedBy(events);
        if (accepted !== last.accepted) last = { accepted, atMs: performance.now() };
        if (performance.now() - last.atMs > patienceMs)
          throw new Error(`${accepted} of ${events} events came, and then none for ${patienceMs / 1_000} s`);
        return accepted >= events ? true : undefined;
      });
      const { repeats } = await stats();
      if (repeats > 0) throw new Error(`${repeats} events came twice: this is a bug, not a measurement`);
      return lastArrivalMs();
    },
  };
};
