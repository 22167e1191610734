/** One line of the table. */
export interface Figure {
  /** Unique within its measurement. */
  id: string;
  label: string;
  unit: string;
  /** Digits behind the point; default 0. */
  decimals?: number;
  target?: Target;
}

/** A bound that the median must keep. */
export type Target = { atLeast: number } | { atMost: number };

/** What one run of a measurement found, by figure id; a figure may be missing where it could not be taken. */
export type Readings = Readonly<Record<string, number>>;

/** A figure over all runs. */
export interface Result extends Figure {
  measurement: string;
  /** In the order of the runs. */
  values: readonly number[];
  median: number;
  min: number;
  max: number;
  /** Undefined where there is no target. */
  isReached: boolean | undefined;
}

/** The value below which the share `p` (0 to 1) of the values lies, by nearest rank. NaN where there are none. */
export const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
};

/** The middle value, or the mean of the two middle ones. NaN where there are none. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
};

const keeps = (value: number, target: Target): boolean =>
  "atLeast" in target ? value >= target.atLeast : value <= target.atMost;

export const resultOf = (measurement: string, figure: Figure, values: readonly number[]): Result => {
  const middle = median(values);
  return {
    ...figure,
    measurement,
    values,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    isReached: figure.target && keeps(middle, figure.target),
  };
};
