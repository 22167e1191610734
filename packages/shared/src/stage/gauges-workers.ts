import type { RelayConfig, WorkspaceConfig } from "../config/schema.ts";
import { type CountingStage, countingStages } from "../contracts/tally.ts";
import { desiredWorkers, learnCapacity, type StageLoad } from "../core/desired-workers.ts";
import { type FlowSample, ratesBetween } from "../core/flow.ts";
import type { WorkspaceReading } from "./gauges-reading.ts";
import type { Snapshot, WorkspaceView } from "./gauges-snapshot.ts";

export type ByStage = Record<CountingStage, number>;

export const eachStage = (value: (stage: CountingStage) => number): ByStage =>
  // The keys are those of the list.
  Object.fromEntries(countingStages.map((stage) => [stage, value(stage)])) as ByStage;

/** Events a second that one process carries until it was measured here. */
export const firstCapacity: ByStage = { ingest: 20_000, transform: 10_000, deliver: 10_000 };

/** At this share of the spool budget ingest slows down by itself: more of it would only wait. */
const fullShare = 0.9;

/** What the outside lets through at a stage, whatever the number of workers. */
const allowedPerSecond = (
  stage: CountingStage,
  { status, outage, backOffUntilMs }: WorkspaceReading,
  { workspace, nowMs }: { workspace: WorkspaceConfig; nowMs: number },
): number => {
  switch (stage) {
    case "ingest":
      return status.spoolBytes < fullShare * workspace.spoolBudget ? Infinity : 0;
    case "transform":
      return Infinity;
    case "deliver":
      return outage.state === "unverified" || backOffUntilMs > nowMs ? 0 : workspace.segment.eventsPerSecond;
  }
};

/** Two samples of a workspace, and the backlog of a stage that counts between them. */
interface Comparison {
  earlierOf: (samples: readonly FlowSample[]) => FlowSample | undefined;
  backlogOf: (earlier: number, later: number) => number;
}

/** Where the backlog stood all the time: what left in it is all that the workers could do. */
const whileItStood: Comparison = { earlierOf: (samples) => samples.at(-2), backlogOf: Math.min };
const now: Comparison = { earlierOf: (samples) => samples.at(0), backlogOf: (_, later) => later };

const loadsOf = (
  stage: CountingStage,
  config: RelayConfig,
  workspaces: Record<string, WorkspaceView>,
  { earlierOf, backlogOf }: Comparison,
): StageLoad[] =>
  Object.entries(config.workspaces).flatMap(([name, workspace]) => {
    const view = workspaces[name];
    const later = view?.samples.at(-1);
    if (!view || !later) return [];
    const earlier = earlierOf(view.samples) ?? later;
    const rates = ratesBetween(earlier, later);
    return {
      backlogEvents: backlogOf(earlier.waiting[stage], later.waiting[stage]),
      arrivingPerSecond: rates?.arriving[stage] ?? 0,
      endedPerSecond: rates?.ended[stage] ?? 0,
      allowedPerSecond: allowedPerSecond(stage, view, { workspace, nowMs: later.atMs }),
    };
  });

/** What a process of each stage carries, after the newest samples. */
export const capacityAfter = (
  known: ByStage,
  config: RelayConfig,
  { workspaces, workers }: Pick<Snapshot, "workspaces" | "workers">,
): ByStage =>
  eachStage((stage) => learnCapacity(known[stage], loadsOf(stage, config, workspaces, whileItStood), workers[stage]));

/** Processes that each stage needs now. */
export const desiredOf = (config: RelayConfig, { workspaces, capacity }: Snapshot): ByStage =>
  eachStage((stage) => desiredWorkers(loadsOf(stage, config, workspaces, now), capacity[stage]));
