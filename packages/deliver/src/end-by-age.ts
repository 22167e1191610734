import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { dueToAge } from "./core/dead-letter-age.ts";
import type { ArchiveBatch, Expiry } from "./dead-letters.ts";

interface HeldBatch {
  id: JobId;
  data: DeadLetterJob;
}

/** The end of a held batch whose time is over; undefined while it is not, or where batches are kept for ever. */
export type EndByAge = (batch: HeldBatch) => Promise<Outcome<Tally> | undefined>;

export const endByAge =
  (expiry: Expiry, archive: ArchiveBatch, now: () => number): EndByAge =>
  async ({ id, data }) => {
    const due = dueToAge(data.heldAtMs, expiry, now());
    switch (due) {
      case undefined:
        return undefined;
      case "drop":
        return ok({ in: data.calls, "dropped:expired": data.calls });
      case "archive":
        // Where it cannot be written now the batch stays held, and is looked at again.
        if (!(await archive(id, data))) return undefined;
        // A kill here: the batch is archived again, into the same file.
        return ok({ in: data.calls, archived: data.calls });
    }
  };
