import type { DropReason, QuarantineReason } from "./reasons.ts";

/**
 * How many events (files, for the `file:` labels) came to which end in one job. It is the job's return value, so it
 * survives a crash between the job's end and the counting. For each stage: in = the sum of the other labels.
 */
export type TallyLabel =
  "in" | "ok" | `dropped:${DropReason}` | `quarantined:${QuarantineReason}` | "file:done" | "file:quarantined";
export type Tally = Partial<Record<TallyLabel, number>>;

export const countingStages = ["ingest", "transform", "deliver"] as const;
export type CountingStage = (typeof countingStages)[number];

/** The field of the workspace's tally hash: `transform|dropped:duplicate`. */
export const tallyField = (stage: CountingStage, label: string): string => `${stage}|${label}`;

export const addTallies = (a: Tally, b: Tally): Tally => {
  const sum: Record<string, number> = { ...a };
  for (const [label, count] of Object.entries(b)) sum[label] = (sum[label] ?? 0) + count;
  return sum;
};
