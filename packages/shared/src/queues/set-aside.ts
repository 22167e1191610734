import type { QuarantineJob, Reread } from "../contracts/jobs.ts";
import type { QuarantineReason } from "../contracts/reasons.ts";
import type { Tally } from "../contracts/tally.ts";
import { type JobId, quarantineJobId } from "../core/ids.ts";
import type { HandOver } from "../contracts/parcel.ts";

interface WholeJob {
  id: JobId;
  connector: string;
  landedAtMs: number;
  uri: string;
  /** 0 where nobody can know. */
  events: number;
  /** What is in the spool for the job, as far as it can still be read. */
  payload: Uint8Array;
  /** Said by every caller: it decides whose ids a replay meets. */
  reread: Reread | undefined;
}

/** Puts a whole job into quarantine, its payload with it, and says what to count. */
export const setWholeJobAside = async (
  toQuarantine: HandOver<QuarantineJob>,
  job: WholeJob,
  { reason, cause }: { reason: QuarantineReason; cause: Error },
): Promise<Tally> => {
  const data: QuarantineJob = {
    v: 1,
    connector: job.connector,
    reason,
    detail: cause.message,
    events: job.events,
    origin: { uri: job.uri, blockOffset: 0, recordIndex: 0 },
    landedAtMs: job.landedAtMs,
    from: job.id,
    ...(job.reread && { ofReread: job.reread }),
  };
  await toQuarantine([{ id: quarantineJobId(job.id, reason), data, payload: job.payload, events: job.events }]);
  return { in: job.events, [`quarantined:${reason}`]: job.events };
};
