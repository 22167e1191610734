import type { CountingStage } from "../contracts/tally.ts";
import { countingStages } from "../contracts/tally.ts";

type ByStage = Record<CountingStage, number>;

/** How far one workspace was at a time (UNIX ms). All counts are events. */
export interface FlowSample {
  atMs: number;
  /** Came to an end at the stage, since the workspace exists. */
  ended: ByStage;
  /** Handed to the stage and not at an end there; of files that are not read yet: estimated. */
  waiting: ByStage;
  held: number;
  delivered: number;
}

/** Events a second between two samples. */
export interface FlowRates {
  ended: ByStage;
  arriving: ByStage;
  delivered: number;
  /** By which the backlog (waiting and held) becomes less; below 0 when it grows. */
  shrinking: number;
}

/** All that is still to be delivered, held ones too. */
export const backlogOf = ({ waiting, held }: Pick<FlowSample, "waiting" | "held">): number =>
  countingStages.reduce((sum, stage) => sum + waiting[stage], held);

/** Undefined when no time passed, or when the counters began anew in between. */
export const ratesBetween = (earlier: FlowSample, later: FlowSample): FlowRates | undefined => {
  const seconds = (later.atMs - earlier.atMs) / 1_000;
  const isAnew = countingStages.some((stage) => later.ended[stage] < earlier.ended[stage]);
  if (seconds <= 0 || isAnew) return undefined;
  const each = (value: (stage: CountingStage) => number): ByStage => ({
    ingest: value("ingest"),
    transform: value("transform"),
    deliver: value("deliver"),
  });
  const ended = each((stage) => (later.ended[stage] - earlier.ended[stage]) / seconds);
  return {
    ended,
    arriving: each((stage) => Math.max(0, ended[stage] + (later.waiting[stage] - earlier.waiting[stage]) / seconds)),
    delivered: Math.max(0, (later.delivered - earlier.delivered) / seconds),
    shrinking: (backlogOf(earlier) - backlogOf(later)) / seconds,
  };
};

/**
 * The samples with a new one: oldest first, at least `everyMs` apart, none older than `windowMs` but one. A sample
 * that comes too early is left out.
 */
export const withSample = <Sample extends { atMs: number }>(
  samples: readonly Sample[],
  next: Sample,
  { everyMs, windowMs }: { everyMs: number; windowMs: number },
): Sample[] => {
  const last = samples.at(-1);
  if (last && next.atMs - last.atMs < everyMs) return [...samples];
  const firstInside = samples.findIndex(({ atMs }) => atMs >= next.atMs - windowMs);
  return [...(firstInside === -1 ? [] : samples.slice(Math.max(0, firstInside - 1))), next];
};
