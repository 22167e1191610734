export interface Draining {
  backlogEvents: number;
  deliveredPerSecond: number;
  /** By which the backlog becomes less; below 0 when it grows. */
  shrinkingPerSecond: number;
}

/** A backlog of less than this at the present rate is the work in hand: it always stands at some height. */
const inHandSeconds = 60;

/**
 * Seconds until the backlog is gone, if all goes on as now: 0 when there is none, Infinity when it does not shrink.
 */
export const drainForecastSeconds = ({ backlogEvents, deliveredPerSecond, shrinkingPerSecond }: Draining): number => {
  if (backlogEvents <= 0) return 0;
  const passThrough = deliveredPerSecond > 0 ? backlogEvents / deliveredPerSecond : Infinity;
  if (passThrough <= inHandSeconds) return passThrough;
  return shrinkingPerSecond > 0 ? backlogEvents / shrinkingPerSecond : Infinity;
};
