import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { HandOver } from "@currents-relay/shared/contracts/parcel.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { RestoredInPart } from "./core/desk-entry.ts";
import { replayTally } from "./core/desk-tally.ts";
import {
  decided,
  leavingParcels,
  type QuarantineLine,
  type Remapped,
  type Replacement,
  whatStays,
} from "./core/quarantine-content.ts";

/** An entry of quarantine with what is in it. */
export interface OpenEntry {
  id: JobId;
  data: RestoredInPart;
  lines: QuarantineLine[];
  /** The lines stand for a chunk that transform could not end: it may have claimed, and handed over, a part of it. */
  isWholeChunk: boolean;
  /** The job's data as stored. */
  stored: string;
}

/** What decides how an entry's events are mapped and whose ids they meet. */
export type SetAsideBy = Pick<RestoredInPart, "connector" | "ofReread">;

export interface ReplayPorts {
  /** Undefined when it is not there any more. Throws where its payload cannot be read. */
  open: (id: JobId) => Promise<OpenEntry | undefined>;
  /** What the present mapping makes of each line that has a record; undefined: the connector is not configured. */
  remap: (of: SetAsideBy, lines: readonly QuarantineLine[]) => (Remapped | undefined)[] | undefined;
  /** As transform's claims. */
  claim: (of: SetAsideBy, owner: JobId, eventIds: readonly string[]) => Promise<boolean[]>;
  /** Whether a batch of this chunk was handed to deliver before the chunk was set aside. */
  wasHandedOver: (chunk: JobId) => Promise<boolean>;
  toDeliver: HandOver<DeliverJob>;
  /**
   * Puts the lines in place of the entry's (none: ends it) and counts the tally, in one step. False, and nothing was
   * done, when the entry has changed since it was opened.
   */
  replace: (entry: OpenEntry, next: Replacement, tally: Tally) => Promise<boolean>;
}

/** What became of an entry's events. */
export interface Replayed {
  handedOver: number;
  duplicates: number;
  /** Reason -> events that stay in quarantine, with a sentence on the first of them. */
  stays: Record<string, { events: number; message: string }>;
}

/**
 * The way of one entry out of quarantine: map -> claim -> write down what leaves -> hand over -> take it out. Once the
 * calls are written down, whoever goes on hands over the same batches under the same ids, even when the configuration
 * has changed since; so it may be repeated, after a kill or by two operators at once.
 */
export const replayEntry =
  (ports: ReplayPorts) =>
  async (id: JobId): Promise<Replayed> => {
    const done = { handedOver: 0, duplicates: 0 };
    for (let turn = 0; turn < maxTurns; turn++) {
      const entry = await ports.open(id);
      if (!entry) return { ...done, stays: {} };
      if (entry.data.isLeaving) {
        await ports.toDeliver(leavingParcels(entry));
        // A kill here: the entry still has the calls; they are handed over again under the same ids, and then taken out.
        const calls = entry.lines.filter(({ batch }) => batch !== undefined).length;
        const duplicates = entry.lines.filter(({ isDuplicate }) => isDuplicate).length;
        const isOurs = await ports.replace(
          entry,
          whatStays(entry),
          replayTally(entry.data.reason, { calls, duplicates }),
        );
        if (!isOurs) continue; // another operator was faster, and has counted them
        done.handedOver += calls;
        done.duplicates += duplicates;
      } else {
        const plan = await planReplay(ports, entry);
        if (plan.length === 0) return { ...done, stays: withoutContent(entry) };
        if (plan.every(isStaying)) return { ...done, stays: staying(plan) };
        const claimed = await claimAll(ports, entry, plan);
        if (claimed.every(isStaying)) return { ...done, stays: staying(claimed) };
        // A kill here: the claims are this entry's, and the next run wins them again.
        await ports.replace(entry, decided(entry, claimed), {});
      }
    }
    throw new Error(`the entry ${id} changes all the time, or cannot be taken out of its queue`);
  };

/** Two turns take out what maps; each of another operator's turns may cost one more. */
const maxTurns = 100;

/** What would become of each line now; takes nothing, so it cannot see whose ids were taken by other events. */
export const planReplay = async (
  { remap, wasHandedOver }: Pick<ReplayPorts, "remap" | "wasHandedOver">,
  { data, lines, isWholeChunk }: OpenEntry,
): Promise<Remapped[]> => {
  const all = (reason: string, message: string): Remapped[] => lines.map(() => ({ kind: "stays", reason, message }));
  if (isWholeChunk && (await wasHandedOver(data.from)))
    return all(
      "partly-sent",
      "some batches of this chunk were handed to deliver before, and nobody knows which events",
    );
  const now = remap(data, lines);
  const unknown = `the connector ${data.connector} is not configured`;
  return lines.map(({ call, isDuplicate }, index): Remapped => {
    if (call !== undefined) return { kind: "ready" };
    if (isDuplicate) return { kind: "duplicate" };
    if (!now) return { kind: "stays", reason: "no-connector", message: unknown };
    return now[index] ?? { kind: "stays", reason: data.reason, message: "the event itself could not be read" };
  });
};

/** Those whose id is another's become duplicates; where that other is their own chunk, nobody knows. */
const claimAll = async (
  { claim }: Pick<ReplayPorts, "claim">,
  { id, data }: OpenEntry,
  plan: readonly Remapped[],
): Promise<Remapped[]> => {
  const claimAs = async (owner: JobId, ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const answers = ids.length > 0 ? await claim(data, owner, ids) : [];
    return new Set(ids.filter((_, index) => answers[index]));
  };
  // A chunk that transform could not end may have its claims already.
  const owner = data.reason === "poison" ? data.from : (data.claimedAs ?? id);
  const ids = plan.flatMap((line) => (line.kind === "call" ? [line.eventId] : []));
  const ours = await claimAs(owner, ids);
  // All of them have an owner by now, so this only asks.
  const ofItsChunk = await claimAs(
    data.from,
    ids.filter((eventId) => !ours.has(eventId)),
  );
  return plan.map((line): Remapped => {
    if (line.kind !== "call" || ours.has(line.eventId)) return line;
    return ofItsChunk.has(line.eventId) ? takenByItsChunk : { kind: "duplicate" };
  });
};

/** Its chunk was killed after it had claimed the event by other rules; or another event of the chunk has its id. */
const takenByItsChunk: Remapped = {
  kind: "stays",
  reason: "partly-sent",
  message: "its own chunk has taken its id before, and nobody knows whether it was sent then",
};

const withoutContent = ({ data: { reason, events } }: OpenEntry): Replayed["stays"] => ({
  [reason]: { events, message: "nothing of it could be kept; the file that it came from has to be sent again" },
});

const isStaying = ({ kind }: Remapped): boolean => kind === "stays";

const staying = (plan: readonly Remapped[]): Replayed["stays"] => {
  const stays: Replayed["stays"] = {};
  for (const line of plan) {
    if (line.kind !== "stays") continue;
    const known = stays[line.reason] ?? { events: 0, message: line.message };
    stays[line.reason] = { ...known, events: known.events + 1 };
  }
  return stays;
};
