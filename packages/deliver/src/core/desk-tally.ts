import type { QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { DeskEntry } from "./desk-entry.ts";

/**
 * What to count when an operator ends an entry. A dead letter has not been counted by deliver yet. What leaves
 * quarantine was: so it comes back to deliver first, and ends there.
 */
export const operatorTally = (
  { queue, reason, events }: Pick<DeskEntry, "queue" | "reason" | "events">,
  end: "archived" | "dropped:by-operator",
): Tally => {
  if (events === 0) return {}; // nobody knows how many: it was counted as none when it was set aside
  return { ...(queue === "quarantine" && { [`restored:${reason}`]: events }), in: events, [end]: events };
};

/** Calls that go to deliver again are counted there when they end; those that are left out end here. */
export const replayTally = (
  reason: QuarantineReason,
  { calls, duplicates }: { calls: number; duplicates: number },
): Tally => ({
  [`restored:${reason}`]: calls + duplicates,
  ...(duplicates > 0 && { in: duplicates, "dropped:duplicate": duplicates }),
});

/** What comes back from an archive: to the dead letters, where it waits, or to quarantine, where it has ended again. */
export const returnTally = (events: number, reason?: QuarantineReason): Tally => {
  if (events === 0) return {};
  return { "restored:archive": events, ...(reason && { in: events, [`quarantined:${reason}`]: events }) };
};
