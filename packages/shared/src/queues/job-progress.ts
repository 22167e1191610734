import type { Job } from "bullmq";

interface StoredProgress {
  /** What BullMQ had counted as stalls when this was stored: only later ones can be the job's fault. */
  stalls: number;
  /** How often in a row it was stored only because the job had survived for a while. */
  survivals: number;
  value?: object;
}

/** A job that kills its worker after a while, each time, is caught by this. */
const mostSurvivals = 15;

/** What one run of a job knows, and stores, of the runs before. */
export interface JobProgress {
  readonly value: object | undefined;
  /** How often the job ended or stalled its worker since it last made progress. */
  readonly stalls: number;
  save: (value: object) => Promise<void>;
  /**
   * Says that the job has not ended its worker for a while: whatever ends it now is not likely to be the job. Without
   * it, jobs that wait long in hand would be blamed when workers are killed often.
   */
  survive: () => Promise<void>;
}

export const jobProgress = (job: Job): JobProgress => {
  let stored: StoredProgress = isStored(job.progress) ? job.progress : { stalls: 0, survivals: 0 };
  const stalls = job.stalledCounter - stored.stalls;
  const store = async (next: StoredProgress): Promise<void> => {
    // Before it is stored: two that are under way must not undo each other.
    stored = next;
    await job.updateProgress(next);
  };
  return {
    get value() {
      return stored.value;
    },
    stalls,
    save: (value) => store({ stalls: job.stalledCounter, survivals: 0, value }),
    survive: async () => {
      if (stored.survivals >= mostSurvivals) return;
      await store({ ...stored, stalls: job.stalledCounter, survivals: stored.survivals + 1 });
    },
  };
};

/** BullMQ's default for "none yet" is the number 0. */
const isStored = (progress: unknown): progress is StoredProgress => typeof progress === "object" && progress !== null;
