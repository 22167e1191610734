/** What a workspace may bring into Redis now, and why not. */
export type PauseReason = "spool-budget" | "redis-memory";

export interface Admission {
  /** New objects and chunks of objects; what is not taken waits in the source. */
  objects: PauseReason | "open";
  /** HTTP requests: refused ones come again, for Braze sends them for days. */
  requests: PauseReason | "open";
}

export interface MemoryUse {
  usedBytes: number;
  /** Infinity: there is no limit. */
  limitBytes: number;
  /** Payload of each workspace that waits, and how much may. */
  workspaces: ReadonlyMap<string, { spoolBytes: number; budgetBytes: number }>;
}

/** Shares of Redis' memory from which on something is paused; it goes on {@link goesOnBelow} under that. */
export const pauseShares = {
  /** For workspaces that hold more than their fair share: one in an outage must not starve the others. */
  objectsOfTheLargest: 0.6,
  objects: 0.75,
  requestsOfTheLargest: 0.85,
  requests: 0.92,
} as const;
const goesOnBelow = 0.05;

/**
 * Who may bring more into Redis. Everything that was accepted can go on to its end at any of these levels: what they
 * leave free is for the jobs, claims and batches that are made of it.
 */
export const admissions = (
  { usedBytes, limitBytes, workspaces }: MemoryUse,
  before: ReadonlyMap<string, Admission>,
): Map<string, Admission> => {
  const share = limitBytes > 0 ? usedBytes / limitBytes : 0;
  const holding = [...workspaces.values()].filter(({ spoolBytes }) => spoolBytes > 0);
  const fairBytes = holding.reduce((sum, { spoolBytes }) => sum + spoolBytes, 0) / Math.max(1, holding.length);
  return new Map(
    [...workspaces].map(([name, { spoolBytes, budgetBytes }]) => {
      const isLarge = spoolBytes > 0 && spoolBytes >= fairBytes;
      const judged = (kind: keyof Admission, ofTheLargest: number, ofAll: number): Admission[typeof kind] => {
        if (spoolBytes > budgetBytes) return "spool-budget";
        const limit = isLarge ? ofTheLargest : ofAll;
        const isPaused = before.get(name)?.[kind] === "redis-memory";
        return share >= (isPaused ? limit - goesOnBelow : limit) ? "redis-memory" : "open";
      };
      return [
        name,
        {
          objects: judged("objects", pauseShares.objectsOfTheLargest, pauseShares.objects),
          requests: judged("requests", pauseShares.requestsOfTheLargest, pauseShares.requests),
        },
      ];
    }),
  );
};
