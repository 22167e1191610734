import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { acceptedBatches } from "@currents-relay/shared/spool/accepted.ts";
import { unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import type { ReadText } from "@currents-relay/shared/runtime/gathered-texts.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import type { OutageGate } from "../outage-gate.ts";
import { credentialWatch, keyFingerprint } from "./credential-watch.ts";
import { redisCheckLeases } from "./credential-watch-lease.ts";
import { redisOutages } from "./redis-outage.ts";
import { outageGate } from "./redis-outage-gate.ts";
import { type OutageWatch, watchOutage } from "./redis-outage-watch.ts";
import { suspecting } from "./suspecting.ts";

/** All that this process does about the outages of one workspace. */
export interface WorkspaceOutage {
  gate: OutageGate;
  watch: OutageWatch;
  drain: (force: AbortSignal) => Promise<void>;
}

/** Resolves when the state has been read; the first word on the credentials may still be on its way. */
export const openWorkspaceOutage = async (
  { redis, log: parent, metrics, readText }: StageContext & { readText: ReadText },
  workspace: string,
  { segment, expiry: { afterMs: expiryAfterMs } }: Pick<WorkspaceConfig, "segment" | "expiry">,
): Promise<WorkspaceOutage> => {
  const log = parent.child({ stage: "deliver" });
  const watch = watchOutage({
    workspace,
    outages: redisOutages(redis, workspace, readText),
    log,
    onEffects: (effects) => {
      if (effects.includes("probeNow")) credentials.askNow();
    },
  });
  const doubt = suspecting({
    accepted: acceptedBatches(redis, workspace),
    log: log.child({ workspace }),
    expiryAfterMs,
  });
  const credentials = credentialWatch({
    workspace,
    segment,
    outage: watch,
    leases: redisCheckLeases(redis, workspace),
    log,
    count: (result) => metrics.credentialChecks.inc({ workspace, result }),
    onWord: doubt.onWord,
    now: Date.now,
  });
  await watch.start();
  credentials.start();
  const gate = outageGate({
    outage: watch,
    keyFingerprint: keyFingerprint(segment),
    isCurrent: credentials.isCurrent,
    requestTimeoutMs: segment.requestTimeoutMs,
    now: Date.now,
  });
  return {
    gate,
    watch,
    drain: async (force) => {
      await credentials.drain(force);
      await unlessForced(force, doubt.settled());
      await watch.drain(force);
    },
  };
};
