import { measurements } from "./catalog.ts";
import { describeCircumstances, readCircumstances } from "./machine.ts";
import { withBench } from "./open-bench.ts";
import { type BenchOptions, help, parseOptions } from "./options.ts";
import { writeResults } from "./results-file.ts";
import { resultsOf, runRounds } from "./rounds.ts";
import { textTable } from "./table.ts";

const bench = async ({ isQuick, runs, only, asJson, write, note }: BenchOptions): Promise<void> => {
  const chosen = measurements.filter(({ name, isLong }) => (only ? only.includes(name) : !isQuick || !isLong));
  const circumstances = await readCircumstances(note);
  const rounds = await withBench(isQuick, (open) => runRounds(open, chosen, runs));
  const results = resultsOf(chosen, rounds);
  if (asJson) console.log(JSON.stringify({ circumstances, results }, null, 2));
  else console.log([...describeCircumstances(circumstances), "", textTable(results)].join("\n"));
  if (write) console.error(`written: ${await writeResults(circumstances, measurements, results)}`);
};

const main = async (): Promise<void> => {
  const options = parseOptions(
    process.argv.slice(2),
    measurements.map(({ name }) => name),
  );
  if (options === "help") console.log(help(measurements));
  else await bench(options);
};

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)} (--help shows the options)`);
  process.exitCode = 1;
});
