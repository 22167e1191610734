import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import {
  type CountingStage,
  countingStages,
  endsOf,
  quarantinedOf,
  restoredOf,
  type Tally,
} from "../contracts/tally.ts";
import { queueName, keyPrefix, spoolUsageKey, tallyKey } from "../core/keys.ts";
import { fieldsOf, luaScript } from "../runtime/lua-script.ts";
import { waitingField } from "../spool/entry.ts";

const statusScript = luaScript(new URL("./status.lua", import.meta.url));

/** Where one workspace stands. All counts are events unless they say otherwise. */
export interface WorkspaceStatus {
  workspace: string;
  /** What each stage has counted since the workspace exists; `in` is the sum of the others. */
  tallies: Record<CountingStage, Tally>;
  /** Files found and not yet read to their end. */
  filesWaiting: number;
  /** Handed over and not at an end yet. */
  waiting: { transform: number; deliver: number; held: number; quarantined: number };
  /** Of quarantine: some are places of files that could not be read, with nobody knows how many events. */
  quarantineEntries: number;
  spoolBytes: number;
  /** Accepted right before the key was found to be bad; `unkept` of them cannot be sent again. */
  suspect: { events: number; unkept: number };
}

export const readWorkspaceStatus = async (redis: Redis, workspace: string): Promise<WorkspaceStatus> => {
  const ingestQueue = `${keyPrefix}:${queueName("ingest", workspace)}`;
  const keys = [
    tallyKey(workspace),
    spoolUsageKey(workspace),
    ...["wait", "active", "delayed", "prioritized"].map((list) => `${ingestQueue}:${list}`),
    `${keyPrefix}:${queueName("quarantine", workspace)}:wait`,
  ];
  // The script's own answer.
  const answer = (await statusScript(redis, keys, [])) as [string[], string[], number, number];
  const [tally, usage, filesWaiting, quarantineEntries] = answer;
  return statusOf(workspace, { tally: fieldsOf(tally), usage: fieldsOf(usage), filesWaiting, quarantineEntries });
};

interface StatusParts {
  /** The hashes under `tallyKey` and `spoolUsageKey`, read in the same step. */
  tally: Readonly<Record<string, string>>;
  usage: Readonly<Record<string, string>>;
  filesWaiting: number;
  quarantineEntries: number;
}

export const statusOf = (workspace: string, { tally, usage, ...counts }: StatusParts): WorkspaceStatus => {
  const waiting = (kind: QueueKind) => Number(usage[waitingField(kind)] ?? 0);
  return {
    workspace,
    tallies: talliesByStage(tally),
    ...counts,
    waiting: {
      transform: waiting("transform"),
      deliver: waiting("deliver"),
      held: waiting("deadletter"),
      quarantined: waiting("quarantine"),
    },
    spoolBytes: Number(usage["bytes"] ?? 0),
    suspect: suspectIn(usage),
  };
};

/** Counted by suspect.lua. */
const suspectIn = (uses: Readonly<Record<string, string>>): WorkspaceStatus["suspect"] => {
  const unkept = Number(uses["suspect:unkept"] ?? 0);
  return { events: Number(uses["suspect:events"] ?? 0) + unkept, unkept };
};

const talliesByStage = (fields: Readonly<Record<string, string>>): Record<CountingStage, Tally> => {
  const tallies: Record<CountingStage, Tally> = { ingest: {}, transform: {}, deliver: {} };
  for (const [field, count] of Object.entries(fields)) {
    const stage = countingStages.find((name) => field.startsWith(`${name}|`));
    // Written by tallyField with a label of Tally.
    if (stage) tallies[stage][field.slice(stage.length + 1) as keyof Tally] = Number(count);
  }
  return tallies;
};

/** What went in and what came of it: the JSON summary of `relay start --once` (DESIGN section 8). */
export interface RunSummary {
  files: { done: number; quarantined: number };
  events: {
    in: number;
    delivered: number;
    dropped: Record<string, number>;
    quarantined: Record<string, number>;
    held: number;
  };
}

/** The sum over workspaces; `before` (their status at the start of a run) is taken off. */
export const summarise = (now: readonly WorkspaceStatus[], before: readonly WorkspaceStatus[] = []): RunSummary => {
  const count = (stage: CountingStage, label: keyof Tally): number =>
    total(now, stage, label) - total(before, stage, label);
  const byReason = (kind: string): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { tallies } of now)
      for (const label of Object.values(tallies).flatMap((tally) => Object.keys(tally)))
        if (label.startsWith(`${kind}:`)) sums[label.slice(kind.length + 1)] = 0;
    for (const reason of Object.keys(sums))
      // Built from labels of Tally, see above.
      sums[reason] = countingStages.reduce((sum, stage) => sum + count(stage, `${kind}:${reason}` as keyof Tally), 0);
    return Object.fromEntries(Object.entries(sums).filter(([, events]) => events !== 0));
  };
  return {
    files: { done: count("ingest", "file:done"), quarantined: count("ingest", "file:quarantined") },
    events: {
      in: count("ingest", "in"),
      delivered: count("deliver", "ok"),
      dropped: byReason("dropped"),
      quarantined: byReason("quarantined"),
      held: now.reduce((sum, { waiting }) => sum + waiting.deliver + waiting.held, 0),
    },
  };
};

const total = (statuses: readonly WorkspaceStatus[], stage: CountingStage, label: keyof Tally): number =>
  statuses.reduce((sum, { tallies }) => sum + (tallies[stage][label] ?? 0), 0);

/**
 * Whether a workspace's counters add up: what one stage gave is what the next one ended or still has. While work is
 * in hand, a job that ended but is not counted yet can show as a difference for a moment.
 */
export const conservationOf = ({ tallies, waiting }: WorkspaceStatus): { holds: boolean; differences: string[] } => {
  const quarantined = countingStages.reduce((sum, stage) => sum + quarantinedOf(tallies[stage]), 0);
  const restored = restoredOf(tallies.deliver);
  const checks: [string, number, number][] = [
    ...countingStages.map((stage): [string, number, number] => [
      `${stage}: in = ends`,
      tallies[stage].in ?? 0,
      endsOf(tallies[stage]),
    ]),
    ["ingest ok = transform in + waiting", tallies.ingest.ok ?? 0, (tallies.transform.in ?? 0) + waiting.transform],
    [
      "transform ok + restored = deliver in + waiting + held",
      (tallies.transform.ok ?? 0) + restored,
      (tallies.deliver.in ?? 0) + waiting.deliver + waiting.held,
    ],
    [
      "quarantined = waiting there + restored",
      quarantined,
      waiting.quarantined + restoredOf(tallies.deliver, "quarantine"),
    ],
  ];
  const differences = checks.filter(([, a, b]) => a !== b).map(([rule, a, b]) => `${rule}: ${a} is not ${b}`);
  return { holds: differences.length === 0, differences };
};
