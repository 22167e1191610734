import { configFingerprint } from "@currents-relay/shared/config/fingerprint.ts";
import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { ProbeResult } from "../core/outage-event.ts";
import type { CheckLeases } from "./credential-watch-lease.ts";
import { type CredentialTurn, type CredentialTurnOptions, credentialTurn } from "./credential-watch-turn.ts";
import { untilSharedTick } from "@currents-relay/shared/runtime/shared-tick.ts";
import { wakeablePause } from "@currents-relay/shared/runtime/wakeable-pause.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";
import { verifyWriteKey } from "./settings-probe.ts";

/** A short hash of everything that decides whether Segment takes our calls, and whom we ask about it. */
export const keyFingerprint = (segment: SegmentConfig): string => {
  const { writeKey, oauth, region, endpoint, settingsEndpoint, credentialCheck } = segment;
  return configFingerprint({ writeKey, oauth, region, endpoint, settingsEndpoint, credentialCheck });
};

/** Asks about one workspace's write key for as long as it runs, and reports what it hears to the outage. */
export interface CredentialWatch {
  name: string;
  /** Begins; does not wait for the first answer. The outage watch must have started. */
  start(): void;
  /** Breaks a question off and ends. */
  drain(signal: AbortSignal): Promise<void>;
  /** Asks now, whoever else does (the effect `probeNow`). */
  askNow(): void;
  /** Whether the last word on the key is recent enough to send on. */
  isCurrent: () => boolean;
}

export interface CredentialWatchOptions {
  workspace: string;
  segment: SegmentConfig;
  outage: Pick<OutageWatch, "state" | "report">;
  leases: CheckLeases;
  log: Logger;
  /** Called for every answer, for the metrics. */
  count: (result: ProbeResult) => void;
  onWord: CredentialTurnOptions["onWord"];
  /** UNIX ms. */
  now: () => number;
  /** How long it goes without a look at the shared state. */
  longestPauseMs?: number;
}

/** What another pod has changed in the shared state is no hurry: it asks by itself, and what this one finds out wakes it. */
const usualPauseMs = 5_000;

const turnOf = (options: CredentialWatchOptions, log: Logger): CredentialTurn => {
  const { settingsEndpoint, writeKey, credentialCheck, requestTimeoutMs: timeoutMs } = options.segment;
  return credentialTurn({
    ...options,
    log,
    everyMs: options.segment.credentialCheckEveryMs,
    timeoutMs,
    keyFingerprint: keyFingerprint(options.segment),
    verify: (signal) =>
      credentialCheck === "none"
        ? Promise.resolve("known")
        : verifyWriteKey({ settingsEndpoint, writeKey, timeoutMs, signal }),
  });
};

export const credentialWatch = (options: CredentialWatchOptions): CredentialWatch => {
  const log = options.log.child({ workspace: options.workspace });
  const { longestPauseMs = usualPauseMs } = options;
  const turn = turnOf(options, log);
  const ending = new AbortController();
  const { pause, wake } = wakeablePause();
  let urgent = false;
  let running: Promise<void> | undefined;

  const run = async () => {
    if (options.segment.credentialCheck === "none")
      log.warn("credentials.unchecked: Segment answers 200 to unknown keys, so events sent with a bad one are lost");
    while (!ending.signal.aborted) {
      const askNow = urgent;
      urgent = false;
      const waitMs = await turn.take(askNow, ending.signal).catch((error: unknown) => {
        log.warn({ err: error }, "credentials.unasked"); // Redis: the state stays as it is
        return longestPauseMs;
      });
      if (!ending.signal.aborted) await pause(untilSharedTick(Math.min(waitMs, longestPauseMs)));
    }
  };

  return {
    name: `credentials ${options.workspace}`,
    isCurrent: turn.isCurrent,
    start: () => {
      if (!ending.signal.aborted) running ??= run();
    },
    drain: async () => {
      ending.abort(new Error("the watch is ending"));
      wake();
      await running;
    },
    askNow: () => {
      urgent = true;
      wake();
    },
  };
};
