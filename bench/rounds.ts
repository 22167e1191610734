import { type Figure, type Readings, type Result, resultOf } from "./figure.ts";
import type { Bench, Measurement } from "./measurement.ts";
import { ratios, ratiosOf } from "./ratios.ts";

/** What one round found, by measurement. */
export type Round = Readonly<Record<string, Readings>>;

/** Takes every measurement once per round, one after the other. */
export const runRounds = async (bench: Bench, measurements: readonly Measurement[], runs: number): Promise<Round[]> => {
  const rounds: Round[] = [];
  for (let number = 1; number <= runs; number += 1) {
    const round: Record<string, Readings> = {};
    for (const { name, run, maxRuns = Infinity } of measurements) {
      if (number > maxRuns) continue;
      bench.say(`round ${number} of ${runs}: ${name}`);
      round[name] = await run(bench);
    }
    rounds.push(round);
  }
  return rounds;
};

const resultsIn = (name: string, figures: readonly Figure[], readings: readonly Readings[]): Result[] =>
  figures.flatMap((figure) => {
    const values = readings.flatMap(({ [figure.id]: value }) => (value === undefined ? [] : [value]));
    return values.length === 0 ? [] : [resultOf(name, figure, values)];
  });

/** Every figure over all rounds; the ratios last, each taken within a round. */
export const resultsOf = (measurements: readonly Measurement[], rounds: readonly Round[]): Result[] => [
  ...measurements.flatMap(({ name, figures }) =>
    resultsIn(
      name,
      figures,
      rounds.flatMap(({ [name]: readings }) => (readings === undefined ? [] : [readings])),
    ),
  ),
  ...resultsIn("side by side", ratios, rounds.map(ratiosOf)),
];
