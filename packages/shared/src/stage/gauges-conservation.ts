import { type CountingStage, endsOf, restoredOf } from "../contracts/tally.ts";
import type { WorkspaceReading } from "./gauges-reading.ts";

/** Where events could go missing, or be made twice, between two counters. */
export const flowChecks = ["ingest", "transform", "deliver", "ingest to transform", "transform to deliver"] as const;
export type FlowCheck = (typeof flowChecks)[number];
/** Events that are missing (above 0) or too many (below 0). */
export type Differences = Record<FlowCheck, number>;

/**
 * What the counters of a workspace say now. A stage counts what it gave only when its job has ended, so the next one
 * has more while a job is under way: that is a difference only when none is.
 */
export const differencesOf = ({ status: { tallies, waiting }, jobs }: WorkspaceReading): Differences => {
  const within = (stage: CountingStage): number => (tallies[stage].in ?? 0) - endsOf(tallies[stage]);
  const between = (given: number, taken: number, isUnderWay: boolean): number =>
    given < taken && isUnderWay ? 0 : given - taken;
  return {
    ingest: within("ingest"),
    transform: within("transform"),
    deliver: within("deliver"),
    "ingest to transform": between(
      tallies.ingest.ok ?? 0,
      (tallies.transform.in ?? 0) + waiting.transform,
      jobs.ingest > 0,
    ),
    "transform to deliver": between(
      (tallies.transform.ok ?? 0) + restoredOf(tallies.deliver),
      (tallies.deliver.in ?? 0) + waiting.deliver + waiting.held,
      jobs.transform > 0,
    ),
  };
};

/** The smallest of differences that all point the same way; 0 when they do not, as when jobs end while we look. */
export const sustained = (differences: readonly number[]): number => {
  if (differences.length === 0) return 0;
  if (differences.every((difference) => difference > 0)) return Math.min(...differences);
  if (differences.every((difference) => difference < 0)) return Math.max(...differences);
  return 0;
};
