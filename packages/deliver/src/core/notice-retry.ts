export const noticeRetryLimits = {
  firstMs: 5_000,
  capMs: 15 * 60_000,
  /** Tries of a channel that cannot be reached or fails: about a day of them. */
  maxFailures: 100,
  /** Tries that a channel says no to (a wrong address, a refused sender): about an hour, in case somebody repairs it. */
  maxRefusals: 12,
} as const;

/** How often one channel has not taken a notice. */
export interface NoticeFailures {
  /** At least 1; refusals included. */
  failures: number;
  refusals: number;
}

export type NoticeRetry = { kind: "again"; afterMs: number } | { kind: "giveUp" };

/**
 * What follows on a failure: another try after a wait (exponential, half jitter), or none any more. `random` is from 0
 * (inclusive) to 1 (exclusive).
 */
export const afterNoticeFailure = ({ failures, refusals }: NoticeFailures, random: number): NoticeRetry => {
  const { firstMs, capMs, maxFailures, maxRefusals } = noticeRetryLimits;
  if (failures >= maxFailures || refusals >= maxRefusals) return { kind: "giveUp" };
  const longestMs = Math.min(capMs, firstMs * 2 ** (failures - 1));
  return { kind: "again", afterMs: Math.floor(longestMs * (0.5 + random / 2)) };
};
