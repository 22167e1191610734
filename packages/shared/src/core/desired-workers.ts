/** The work of one workspace at one stage. */
export interface StageLoad {
  /** Waiting, held work not counted. */
  backlogEvents: number;
  arrivingPerSecond: number;
  endedPerSecond: number;
  /** What the outside lets through whatever the number of workers: a rate limit; 0 while nothing may pass. */
  allowedPerSecond: number;
}

/** A backlog is to be gone in this time. */
export const drainTargetSeconds = 60;
/** Nobody carries less; keeps a stall from being read as a need of countless workers. */
const leastPerSecond = 50;
/** How much of a new measurement goes into the memory of what a worker carries. */
const newShare = 0.1;

/**
 * Processes that a stage needs to take what arrives and to clear its backlog in {@link drainTargetSeconds}; at least
 * one. What a rate limit holds back asks for no worker.
 */
export const desiredWorkers = (loads: readonly StageLoad[], perWorkerPerSecond: number): number => {
  const needed = loads.map(({ backlogEvents, arrivingPerSecond, allowedPerSecond }) =>
    Math.min(allowedPerSecond, arrivingPerSecond + backlogEvents / drainTargetSeconds),
  );
  return Math.max(1, Math.ceil(sumOf(needed) / Math.max(leastPerSecond, perWorkerPerSecond)));
};

/**
 * What one process of a stage carries (events a second), learned while the stage has more work than it can do: only
 * then is the measured rate that of the workers, and not that of what arrives. `loads` must be those of a time in which
 * the backlog was there from the beginning to the end.
 */
export const learnCapacity = (knownPerSecond: number, loads: readonly StageLoad[], workers: number): number => {
  const pressed = loads.filter(isPressed);
  if (workers === 0 || pressed.length === 0) return knownPerSecond;
  const measured = sumOf(loads.map(({ endedPerSecond }) => endedPerSecond)) / workers;
  // Nothing at all is a standstill, not the speed of a worker.
  if (measured === 0) return knownPerSecond;
  return Math.max(leastPerSecond, knownPerSecond * (1 - newShare) + measured * newShare);
};

/** More waits than leaves in the drain target, and it is not the limit that holds it back. */
const isPressed = ({ backlogEvents, endedPerSecond, allowedPerSecond }: StageLoad): boolean =>
  backlogEvents > endedPerSecond * drainTargetSeconds && endedPerSecond < 0.8 * allowedPerSecond;

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
