import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { isRedisTrouble } from "../runtime/redis-trouble.ts";
import { sparing } from "../runtime/sparing.ts";
import type { Spool } from "./spool.ts";

/** Of one thread, over all workspaces of a process. Twice or three times that where each stage is a process. */
const sparingly = sparing(1 / 16);
/** Of one workspace. What finds no place is found again by the sweeper's next look. */
const mostInLine = 1_000;
const mostGivenUp = 10_000;

export interface ShrinkWaitingOptions {
  spool: Pick<Spool, "shrink">;
  signal: AbortSignal;
  /** An entry that could not be shrunk stays as it is. Told once of one that is damaged. */
  onError: (error: unknown) => void;
}

/**
 * Compresses harder what waits for longer than a moment, little by little, so that a backlog takes less of Redis and what
 * comes and goes costs nothing (ADR 0032). Give it what the sweeper finds. Workspaces take turns.
 */
export const shrinkWaiting = ({ spool, signal, onError }: ShrinkWaitingOptions) => {
  const inLine = new Map<JobId, QueueKind>();
  const givenUp = new Set<JobId>();
  const work = async () => {
    // What is added meanwhile comes last.
    for (const [id, kind] of inLine) {
      await sparingly(async () => (signal.aborted ? undefined : spool.shrink(id, kind)), signal).catch(
        (error: unknown) => {
          if (givenUp.size >= mostGivenUp) givenUp.clear();
          if (!isRedisTrouble(error)) givenUp.add(id);
          onError(error);
        },
      );
      inLine.delete(id);
    }
  };
  return (kind: QueueKind, id: JobId): void => {
    if (inLine.size >= mostInLine || givenUp.has(id)) return;
    const isIdle = inLine.size === 0;
    inLine.set(id, kind);
    if (isIdle) void work();
  };
};
