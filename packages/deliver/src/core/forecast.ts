/** A counter's total at a time (UNIX ms). */
export interface CounterSample {
  atMs: number;
  events: number;
}

/** Events a second between two samples of a counter; undefined when no time passed or the counter began anew. */
export const eventsPerSecondBetween = (earlier: CounterSample, later: CounterSample): number | undefined => {
  const [ms, events] = [later.atMs - earlier.atMs, later.events - earlier.events];
  return ms > 0 && events >= 0 ? (events * 1_000) / ms : undefined;
};

export interface Flow {
  backlogEvents: number;
  inflowPerSecond: number;
  /** What the rate limit lets out; 0 while nothing may be sent. */
  allowedPerSecond: number;
  /** What really went out; undefined while that is not known yet, and the allowed rate is then believed. */
  measuredPerSecond: number | undefined;
}

/**
 * Seconds until the backlog is gone, if all goes on as now. 0 when there is none; Infinity when it does not shrink.
 * Nothing leaves faster than is allowed, whatever was measured before the limit changed.
 */
export const drainForecastSeconds = (flow: Flow): number => {
  if (flow.backlogEvents <= 0) return 0;
  const outflow = Math.min(flow.allowedPerSecond, flow.measuredPerSecond ?? flow.allowedPerSecond);
  const shrinking = outflow - flow.inflowPerSecond;
  return shrinking > 0 ? flow.backlogEvents / shrinking : Infinity;
};
