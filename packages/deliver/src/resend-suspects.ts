import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { AcceptedBatches, Suspect } from "@currents-relay/shared/spool/accepted.ts";
import { suspectParcel } from "./core/suspect-batch.ts";

export interface ResendPorts extends Pick<AcceptedBatches, "suspects" | "payload" | "release"> {
  toDeadLetters: HandOver<DeadLetterJob>;
  /** Counts it, once. */
  noteReturned: (id: JobId, tally: Tally) => Promise<boolean>;
  /** UNIX ms. */
  now: () => number;
}

export interface Resent {
  batches: number;
  events: number;
  /** When Segment accepted the first and the last of them (UNIX ms); undefined where there are none. */
  acceptedMs: { first: number; last: number } | undefined;
}

export interface ResendOptions {
  isDryRun: boolean;
  /** Gives the calls new messageIds; undefined: they keep theirs. */
  salt: string | undefined;
}

/**
 * Sends suspects again: they become dead letters before all others, which go out as the credentials and the rate allow.
 * May be repeated, also after a kill: a batch that is on its way already is found there under the same id.
 */
export const resendSuspects =
  (ports: ResendPorts) =>
  async ({ isDryRun, salt }: ResendOptions): Promise<Resent> => {
    const suspects = await ports.suspects();
    const [first, last] = [suspects.at(0), suspects.at(-1)];
    // They are older than all that is held: the newest comes to the head of the queue first, the oldest last.
    if (!isDryRun) for (const suspect of suspects.toReversed()) await resendOne(ports, suspect, salt);
    return {
      batches: suspects.length,
      events: suspects.reduce((sum, { data }) => sum + data.calls, 0),
      acceptedMs: first && last && { first: first.acceptedAtMs, last: last.acceptedAtMs },
    };
  };

const resendOne = async (ports: ResendPorts, suspect: Suspect, salt: string | undefined): Promise<void> => {
  const { id, data } = suspect;
  const payload = await ports.payload(suspect);
  if (payload) {
    const calls = payload.toString("utf8");
    await ports.toDeadLetters([suspectParcel({ id, data, calls }, { salt, nowMs: ports.now() })], "first");
    // A kill here: the next run finds the same id in the queue, and only counts it.
    await ports.noteReturned(id, { "restored:suspect": data.calls });
  }
  await ports.release(suspect);
};
