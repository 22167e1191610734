import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "./figure.ts";
import { type Circumstances, describeCircumstances } from "./machine.ts";
import type { Measurement } from "./measurement.ts";
import { cellsOf } from "./table.ts";

const file = join(import.meta.dirname, "RESULTS.md");

const section = (name: string, about: string, results: readonly Result[]): string[] => [
  `## ${name}`,
  "",
  about,
  "",
  "| | median | min - max | unit | target | |",
  "|---|---:|---:|---|---|---|",
  ...results.map((result) => `| ${cellsOf(result).join(" | ")} |`),
  "",
];

/** Keeps the results in `bench/RESULTS.md`; answers with its path. */
export const writeResults = async (
  circumstances: Circumstances,
  measurements: readonly Measurement[],
  results: readonly Result[],
): Promise<string> => {
  const groups = Map.groupBy(results, ({ measurement }) => measurement);
  const aboutOf = (name: string): string =>
    measurements.find((one) => one.name === name)?.about ?? "Both sides of a ratio are from the same round.";
  const lines = [
    "# Results of `pnpm bench`",
    "",
    "Written by `pnpm bench --write`; the targets are those of the design. Medians over the runs, with the spread.",
    "",
    ...describeCircumstances(circumstances).map((line) => `- ${line}`),
    "",
    ...[...groups].flatMap(([name, members]) => section(name, aboutOf(name), members)),
  ];
  await writeFile(file, lines.join("\n"));
  return file;
};
