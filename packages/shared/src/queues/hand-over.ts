import type { QueueKind } from "../contracts/jobs.ts";
import type { HandOver } from "../contracts/parcel.ts";
import type { Spool } from "../spool/spool.ts";
import type { WorkspaceQueues } from "./workspace-queues.ts";

/**
 * Payload first, then the job, then a look whether the payload is still there.
 */
export const handOverTo =
  <Data>(kind: QueueKind, spool: Spool, queues: WorkspaceQueues): HandOver<Data> =>
  async (parcels, place = "last") => {
    if (parcels.length === 0) return { spoolBytes: 0 };
    const entries = parcels.map(({ id, payload, events }) => ({ id, kind, payload, events }));
    const { bytes } = await spool.put(entries);
    // A kill here leaves payloads without a job: the giver's job runs again and adds it, or the sweeper takes them.
    await queues.add(kind, parcels, place);
    // A kill here leaves nothing open: the giver's job runs again and finds all of it done.
    const swept = await spool.missing(parcels.map(({ id }) => id));
    // The sweeper may have taken an entry between the two steps, if we were slow. Its job exists now, so it cannot again.
    if (swept.length > 0) await spool.put(entries.filter(({ id }) => swept.includes(id)));
    return { spoolBytes: bytes };
  };
