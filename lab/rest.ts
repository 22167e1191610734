import { setTimeout as delay } from "node:timers/promises";
import { conservationOf, type WorkspaceStatus } from "@currents-relay/shared/stage/status.ts";

export interface RestOptions {
  statuses: () => Promise<WorkspaceStatus[]>;
  /** How many files have landed, by workspace. */
  files: ReadonlyMap<string, number>;
  /** How long nothing may move before we give up. Longer than any lock, sweep or wait of the relay. */
  patienceMs: number;
  signal: AbortSignal;
}

const lookEveryMs = 250;

/** What a workspace still has to do, in words; empty when it has come to rest. */
const open = (status: WorkspaceStatus, files: number): string[] => {
  const { workspace, tallies, filesWaiting, waiting } = status;
  const filesDone = (tallies.ingest["file:done"] ?? 0) + (tallies.ingest["file:quarantined"] ?? 0);
  const counts: [string, number][] = [
    ["files not counted as read", files - filesDone],
    ["files waiting", filesWaiting],
    ["events waiting for transform", waiting.transform],
    ["events waiting for deliver", waiting.deliver],
    ["events held", waiting.held],
  ];
  return [
    ...counts.filter(([, count]) => count !== 0).map(([what, count]) => `${workspace}: ${count} ${what}`),
    ...conservationOf(status).differences.map((difference) => `${workspace}: ${difference}`),
  ];
};

/** Waits until everything has come to its end; resolves with what had not when nothing moved for too long. */
export const untilAtRest = async ({ statuses, files, patienceMs, signal }: RestOptions): Promise<string[]> => {
  let last = "";
  let movedMs = performance.now();
  for (;;) {
    const now = await Promise.race([statuses(), delay(patienceMs, undefined, { signal, ref: false })]);
    if (!now) return ["Redis does not answer"];
    const left = now.flatMap((status) => open(status, files.get(status.workspace) ?? 0));
    if (left.length === 0) return [];
    const text = JSON.stringify(now);
    if (text !== last) movedMs = performance.now();
    last = text;
    if (performance.now() - movedMs > patienceMs) return left;
    await delay(lookEveryMs, undefined, { signal });
  }
};
