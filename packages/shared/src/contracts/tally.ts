import type { DropReason, QuarantineReason } from "./reasons.ts";

/**
 * How many events (files, for the `file:` labels) came to which end in one job. It is the job's return value, so it
 * survives a crash between the job's end and the counting. For each stage: in = the sum of {@link endsOf}.
 */
export type TallyLabel =
  | "in"
  | "ok"
  | `dropped:${DropReason}`
  | `quarantined:${QuarantineReason}`
  | "archived"
  /** Deliver: came back by an operator's command, out of quarantine (for one reason), out of an archive, or as suspect. */
  | `restored:${QuarantineReason | "archive" | "suspect"}`
  | "file:done"
  | "file:quarantined";
export type Tally = Partial<Record<TallyLabel, number>>;

export const countingStages = ["ingest", "transform", "deliver"] as const;
export type CountingStage = (typeof countingStages)[number];

/** The field of the workspace's tally hash: `transform|dropped:duplicate`. */
export const tallyField = (stage: CountingStage, label: string): string => `${stage}|${label}`;

const sumOf = (tally: Tally, isMeant: (label: string) => boolean): number =>
  Object.entries(tally).reduce((sum, [label, count]) => (isMeant(label) ? sum + count : sum), 0);

/** Events that came to an end at the stage. */
export const endsOf = (tally: Tally): number =>
  sumOf(tally, (label) => label !== "in" && !label.startsWith("file:") && !label.startsWith("restored:"));
const notFromQuarantine: readonly string[] = ["restored:archive", "restored:suspect"] satisfies TallyLabel[];
/** Events that came to deliver by another way than from transform: by any, or out of quarantine. */
export const restoredOf = (tally: Tally, from: "anywhere" | "quarantine" = "anywhere"): number =>
  sumOf(tally, (label) => label.startsWith("restored:") && (from === "anywhere" || !notFromQuarantine.includes(label)));
/** Events that were set aside, since the workspace exists. */
export const quarantinedOf = (tally: Tally): number => sumOf(tally, (label) => label.startsWith("quarantined:"));

export const addTallies = (a: Tally, b: Tally): Tally => {
  const sum: Record<string, number> = { ...a };
  for (const [label, count] of Object.entries(b)) sum[label] = (sum[label] ?? 0) + count;
  return sum;
};
