import type { DeadLetterJob, DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import { type JobId, returnedJobId } from "@currents-relay/shared/core/ids.ts";
import { messageIdMaker } from "@currents-relay/shared/core/message-id.ts";

const separator = ",\n";

/** The calls of a batch under other messageIds: the same salt gives the same ones again. */
const withNewMessageIds = (calls: string, salt: string): string => {
  const messageIdOf = messageIdMaker(salt);
  return calls
    .split(separator)
    .map((line) => {
      const call = JSON.parse(line) as { messageId: string }; // our own JSON: transform made it of a TrackCall
      return JSON.stringify({ ...call, messageId: messageIdOf(call.messageId) });
    })
    .join(separator);
};

/**
 * A suspect batch as a dead letter, under an id of its own: it goes out with the held ones. With `salt` its calls get new
 * messageIds, for a Segment that remembers the old ones and has thrown the events away all the same.
 */
export const suspectParcel = (
  { id, data, calls }: { id: JobId; data: DeliverJob; calls: string },
  { salt, nowMs }: { salt: string | undefined; nowMs: number },
): Parcel<DeadLetterJob> => {
  const payload = Buffer.from(salt === undefined ? calls : withNewMessageIds(calls, salt));
  const job: DeadLetterJob = { ...data, bytes: payload.length, heldAtMs: nowMs, heldFor: "operator" };
  return { id: returnedJobId(id), events: data.calls, payload, data: job };
};
