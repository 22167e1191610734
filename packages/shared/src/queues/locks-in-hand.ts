import { LockManager } from "bullmq";

/**
 * Renews the locks of the jobs in hand. BullMQ's own looks for some every few seconds, also in a worker that has none:
 * with hundreds of workers a process is woken a hundred times a second for nothing. A class, because BullMQ's is one.
 */
export class LocksInHand extends LockManager {
  /** How many runs of a job are in hand: two, where this process took over a job of its own. BullMQ counts one. */
  readonly #runs = new Map<string, number>();

  /** Called when the worker starts, which has no job then. */
  override start(): void {}

  override trackJob(...job: Parameters<LockManager["trackJob"]>): ReturnType<LockManager["trackJob"]> {
    const [id] = job;
    this.#runs.set(id, (this.#runs.get(id) ?? 0) + 1);
    const controller = super.trackJob(...job);
    if (!this.lockRenewalTimer) super.start();
    return controller;
  }

  override untrackJob(jobId: string): void {
    const left = (this.#runs.get(jobId) ?? 1) - 1;
    if (left > 0) {
      this.#runs.set(jobId, left); // the lock is the later run's
      return;
    }
    this.#runs.delete(jobId);
    super.untrackJob(jobId);
    this.#restWithoutJobs();
  }

  /** The timer is set again after each renewal, whether or not the jobs have ended meanwhile. */
  protected override async extendLocks(jobIds: string[]): Promise<void> {
    await super.extendLocks(jobIds);
    setImmediate(() => this.#restWithoutJobs());
  }

  #restWithoutJobs(): void {
    if (this.trackedJobs.size > 0) return;
    clearTimeout(this.lockRenewalTimer);
    delete this.lockRenewalTimer;
  }
}
