import { type CrashWindow, explains } from "./crash-window.ts";
import type { WorkspaceReport } from "./relay-status.ts";

/** What was written, what arrived, and what the relay says of itself. */
export interface Evidence {
  /** The ids that must arrive, each once. */
  expected: ReadonlySet<string>;
  /** How many different ids must end in quarantine, by reason. */
  quarantined: Readonly<Record<string, number>>;
  /** Records in readable blocks of all files that landed: what `in` must say. */
  recordsIn: number;
  /** Accepted ids, and how often each was. */
  accepted: ReadonlyMap<string, number>;
  /** When each id that was accepted more than once was accepted (UNIX ms, in order). */
  repeatedAt: ReadonlyMap<string, readonly number[]>;
  windows: readonly CrashWindow[];
  /** Events that got a 200 for a key that had just died and were thrown away, where the scenario means that. */
  thrownAway: number;
  /** `relay status --json` at the end. */
  workspaces: readonly WorkspaceReport[];
}

export interface Verdict {
  delivered: number;
  lost: number;
  /** Events that never arrived, and that Segment answered 200 to before anybody could know that the key was dead. */
  suspect: number;
  /** Acceptances of an id again that no crash explains. */
  doubled: number;
  /** Acceptances of an id again in a crash window: the same messageId, which Segment removes. */
  repeats: number;
  /** Accepted ids that must not arrive, or under a name that nobody gave them. */
  unexpected: number;
  dropped: Record<string, number>;
  quarantined: Record<string, number>;
  conservation: boolean;
  /** The first ids of each fault. */
  examples: { lost: string[]; doubled: string[]; unexpected: string[] };
  /** What is wrong, in sentences; empty: nothing was lost and nothing doubled. */
  faults: string[];
}

const maxExamples = 10;

const counting = () => {
  let count = 0;
  const examples: string[] = [];
  return {
    add: (id: string): void => {
      count += 1;
      if (examples.length < maxExamples && !examples.includes(id)) examples.push(id);
    },
    count: () => count,
    examples,
  };
};

const sumOf = (parts: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const part of parts) for (const [key, count] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
};

/** Compares, id by id, what was written with what was accepted, and the relay's own counts with both. */
export const judge = (evidence: Evidence): Verdict => {
  const { expected, accepted, repeatedAt, windows, workspaces, thrownAway } = evidence;
  const [lost, doubled, unexpected] = [counting(), counting(), counting()];
  for (const id of expected) if (!accepted.has(id)) lost.add(id);
  for (const id of accepted.keys()) if (!expected.has(id)) unexpected.add(id);
  let repeats = 0;
  for (const [id, times] of accepted) {
    if (times === 1) continue;
    const at = repeatedAt.get(id) ?? [];
    for (let again = 1; again < times; again += 1) {
      const [first, second] = [at[again - 1], at[again]];
      if (first !== undefined && second !== undefined && explains(windows, first, second)) repeats += 1;
      else doubled.add(id);
    }
  }
  const delivered = accepted.size - unexpected.count();
  // The same number: each was sent once, and nothing else is missing. Any other number is a loss or a double.
  const isSuspect = thrownAway > 0 && lost.count() === thrownAway;
  const found = {
    delivered,
    lost: isSuspect ? 0 : lost.count(),
    suspect: isSuspect ? thrownAway : 0,
    doubled: doubled.count(),
    repeats,
    unexpected: unexpected.count(),
    dropped: sumOf(workspaces.map(({ events }) => events.dropped)),
    quarantined: sumOf(workspaces.map(({ events }) => events.quarantined)),
    conservation: workspaces.every(({ conservation }) => conservation.holds),
    examples: { lost: isSuspect ? [] : lost.examples, doubled: doubled.examples, unexpected: unexpected.examples },
  };
  return { ...found, faults: [...idFaults(found), ...countFaults(evidence, found)] };
};

type Found = Omit<Verdict, "faults">;

const idFaults = ({ lost, doubled, unexpected, examples }: Found): string[] => {
  const fault = (count: number, what: string, ids: readonly string[]) =>
    count === 0 ? [] : [`${count} ${what}: ${ids.join(", ")}${count > ids.length ? ", ..." : ""}`];
  return [
    ...fault(lost, "lost", examples.lost),
    ...fault(doubled, "accepted again though nothing had crashed", examples.doubled),
    ...fault(unexpected, "arrived that must not", examples.unexpected),
  ];
};

/** Where the relay's own counters do not agree with what was written and what arrived. */
const countFaults = (evidence: Evidence, { delivered, suspect, quarantined }: Found): string[] => {
  const { workspaces, recordsIn } = evidence;
  const total = (label: "in" | "delivered" | "held") => workspaces.reduce((sum, { events }) => sum + events[label], 0);
  const checks: [string, number, number][] = [
    ["events in, by the relay's count, against records written", total("in"), recordsIn],
    ["events delivered, by the relay's count, against ids accepted", total("delivered"), delivered + suspect],
    ["events thrown away behind a 200, against missing ids", evidence.thrownAway, suspect],
    ["events still held", total("held"), 0],
    ...Object.entries(evidence.quarantined).map(([reason, count]): [string, number, number] => [
      `events in quarantine as "${reason}" against those that Segment refuses`,
      quarantined[reason] ?? 0,
      count,
    ]),
  ];
  return [
    ...workspaces.flatMap(({ workspace, conservation }) =>
      conservation.differences.map((difference) => `${workspace} does not add up: ${difference}`),
    ),
    ...checks.filter(([, is, must]) => is !== must).map(([what, is, must]) => `${what}: ${is}, not ${must}`),
  ];
};
