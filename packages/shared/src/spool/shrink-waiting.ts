import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { sparing } from "../runtime/sparing.ts";
import type { Spool } from "./spool.ts";

/** Of one thread, over all workspaces of a process. Twice or three times that where each stage is a process. */
const sparingly = sparing(1 / 16);
/** Of one workspace. What finds no place is found again by the sweeper's next look. */
const mostInLine = 1_000;

export interface ShrinkWaitingOptions {
  spool: Pick<Spool, "shrink">;
  signal: AbortSignal;
  /** An entry that could not be shrunk stays as it is. */
  onError: (error: unknown) => void;
}

/**
 * Compresses harder what waits for longer than a moment, little by little, so that a backlog takes less of Redis and what
 * comes and goes costs nothing (ADR 0032). Give it what the sweeper finds.
 */
export const shrinkWaiting = ({ spool, signal, onError }: ShrinkWaitingOptions) => {
  const inLine = new Set<JobId>();
  return (kind: QueueKind, id: JobId): void => {
    if (inLine.has(id) || inLine.size >= mostInLine) return;
    inLine.add(id);
    const shrink = async () => (signal.aborted ? undefined : spool.shrink(id, kind));
    void sparingly(shrink, signal)
      .catch(onError)
      .finally(() => inLine.delete(id));
  };
};
