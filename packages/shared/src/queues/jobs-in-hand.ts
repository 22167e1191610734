/** One run of one job, from its fetch to its end. */
export interface RunInHand {
  /** Aborted when the job is no longer ours. */
  signal: AbortSignal;
  end: () => void;
}

/** The jobs that a worker has in hand, and whether their locks are still ours. */
export interface JobsInHand {
  begin: (id: string) => RunInHand;
  /** Redis has said that these locks are ours for another lock's time. */
  renewed: (ids: readonly string[]) => void;
  /** Redis has said that these locks are not ours. */
  lost: (ids: readonly string[]) => void;
  abortAll: (reason: Error) => void;
  isEmpty: () => boolean;
}

/** The part of a lock's time for which we take it for ours without word from Redis. */
const trustedShare = 0.75;

/**
 * A lock runs out in Redis whether or not we can ask: while Redis is away, or while this process was stopped, another
 * worker may take the job. So we watch the clock ourselves, and let go a little before Redis does.
 */
export const jobsInHand = (lockMs: number): JobsInHand => {
  const runs = new Map<string, { aborter: AbortController; expiry: NodeJS.Timeout }>();

  const abort = (id: string, why: string): void => runs.get(id)?.aborter.abort(new Error(why));
  const expiryOf = (aborter: AbortController): NodeJS.Timeout =>
    setTimeout(() => aborter.abort(new Error("the job's lock was not renewed in time")), lockMs * trustedShare);

  return {
    begin: (id) => {
      abort(id, "the job's lock was lost: it is in hand a second time");
      const aborter = new AbortController();
      const run = { aborter, expiry: expiryOf(aborter) };
      runs.set(id, run);
      return {
        signal: aborter.signal,
        end: () => {
          clearTimeout(run.expiry);
          if (runs.get(id) === run) runs.delete(id);
        },
      };
    },
    renewed: (ids) => {
      for (const id of ids) {
        const run = runs.get(id);
        if (!run) continue;
        clearTimeout(run.expiry);
        run.expiry = expiryOf(run.aborter);
      }
    },
    lost: (ids) => {
      for (const id of ids) abort(id, "the job's lock was lost");
    },
    abortAll: (reason) => {
      for (const { aborter } of runs.values()) aborter.abort(reason);
    },
    isEmpty: () => runs.size === 0,
  };
};
