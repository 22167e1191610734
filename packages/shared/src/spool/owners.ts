import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";

/**
 * By the first letter of a job's id (core/ids.ts): the queues that may have a job of this id. An entry passes from one
 * to the next, never back: a held batch keeps its id and its payload in the dead-letter queue.
 */
const queuesByLetter: Readonly<Record<string, readonly [QueueKind, ...QueueKind[]]>> = {
  i: ["ingest"],
  t: ["transform"],
  d: ["deliver", "deadletter"],
  q: ["quarantine"],
};

/** Whether core/ids.ts of this relay could have made the id: another version may make others. */
export const isJobId = (id: string): id is JobId => Object.hasOwn(queuesByLetter, id.slice(0, 1));

/** The queues whose jobs may own the spool entry of this id, in the order in which it passes through them. */
export const ownersOf = (id: JobId): readonly [QueueKind, ...QueueKind[]] => {
  const owners = queuesByLetter[id.slice(0, 1)];
  if (!owners) throw new Error(`"${id}" is no id that core/ids.ts makes`);
  return owners;
};
