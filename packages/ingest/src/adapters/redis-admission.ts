import { setTimeout as delay } from "node:timers/promises";
import type { RelayConfig } from "@currents-relay/shared/config/schema.ts";
import { spoolUsageKey } from "@currents-relay/shared/core/keys.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Metrics } from "@currents-relay/shared/runtime/metrics.ts";
import { readMemory } from "@currents-relay/shared/stage/gauges-snapshot.ts";
import type { Redis } from "ioredis";
import { type Admission, admissions } from "../core/admission.ts";

export interface AdmissionWatch {
  /** As last read, at most a second or two ago; open before the first reading. */
  of: (workspace: string) => Admission;
  apply: (config: RelayConfig) => void;
  start: () => void;
  stop: () => void;
}

const everyMs = 1_000;
const open: Admission = { objects: "open", requests: "open" };

interface AdmissionOptions {
  redis: Redis;
  log: Logger;
  metrics: Pick<Metrics, "ingestPaused">;
  config: RelayConfig;
}

const bytesScript = luaScript(new URL("./spool-bytes.lua", import.meta.url));

/** The bytes that each workspace has in the spool; null: it never had any. One command for all. */
const bytesOf = async (redis: Redis, names: readonly string[]): Promise<(string | null)[]> =>
  (await bytesScript(redis, names.map(spoolUsageKey), [])) as (string | null)[]; // its own answer

/** The gauges of each workspace, four of them, set when they change only. */
const changedGauges = ({ ingestPaused }: AdmissionOptions["metrics"]) => {
  const shown = new Map<string, Admission>();
  return {
    show: (workspace: string, now: Admission): void => {
      const before = shown.get(workspace);
      if (before?.objects === now.objects && before.requests === now.requests) return;
      shown.set(workspace, now);
      for (const what of ["objects", "requests"] as const)
        for (const reason of ["spool-budget", "redis-memory"] as const)
          ingestPaused.set({ workspace, what, reason }, now[what] === reason ? 1 : 0);
    },
    reset: (): void => {
      shown.clear();
      ingestPaused.reset();
    },
  };
};

/** Looks at Redis' memory and at what each workspace has waiting: two round trips a second, for the whole process. */
export const watchAdmission = ({ redis, log, metrics, config: first }: AdmissionOptions): AdmissionWatch => {
  const stopped = new AbortController();
  let config = first;
  let known: ReadonlyMap<string, Admission> = new Map();
  const gauges = changedGauges(metrics);

  const look = async () => {
    const names = Object.keys(config.workspaces);
    const [{ memoryBytes, limitBytes }, spools] = await Promise.all([
      readMemory(redis, config.redis?.memoryBudget),
      bytesOf(redis, names),
    ]);
    const workspaces = new Map(
      names.map((name, index) => {
        const budgetBytes = config.workspaces[name]?.spoolBudget ?? Infinity;
        return [name, { spoolBytes: Number(spools[index] ?? 0), budgetBytes }];
      }),
    );
    const before = known;
    known = admissions({ usedBytes: memoryBytes, limitBytes: limitBytes || Infinity, workspaces }, before);
    for (const [workspace, now] of known) {
      gauges.show(workspace, now);
      tell(workspace, before.get(workspace) ?? open, now);
    }
  };

  const tell = (workspace: string, before: Admission, now: Admission) => {
    for (const what of ["objects", "requests"] as const) {
      if (before[what] === now[what]) continue;
      if (now[what] === "open") log.info({ workspace, what }, "ingest.goes-on");
      else
        log.warn({ workspace, what, reason: now[what] }, "ingest.paused: Redis is full enough; it waits in the source");
    }
  };

  const lookAgainAndAgain = async () => {
    while (!stopped.signal.aborted) {
      await look().catch((error: unknown) => log.debug({ err: error }, "admission.unread")); // what was known stays
      await delay(everyMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  };

  return {
    of: (workspace) => known.get(workspace) ?? open,
    apply: (changed) => {
      config = changed;
      gauges.reset();
    },
    start: () => void lookAgainAndAgain(),
    stop: () => stopped.abort(),
  };
};
