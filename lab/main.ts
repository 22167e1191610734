import { parseArgs } from "node:util";
import { onSignals } from "@currents-relay/shared/runtime/lifecycle.ts";
import { scenarios } from "./catalog.ts";
import { reportTable } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";

const width = Math.max(...scenarios.map(({ name }) => name.length));
const list = scenarios
  .map(({ name, about, events }) => `  ${name.padEnd(width)}  ${about} (${events.toLocaleString("en-US")} events)`)
  .join("\n");

const help = `Breaks the relay on purpose, with real processes, and proves id by id that nothing was lost or doubled.

  pnpm lab NAME [options]
  pnpm lab list

Starts a Redis of its own (append-only file on), a stand-in for Segment and the three stages, lets generated files
land, breaks what the scenario says, waits for the end, and compares what was written with what Segment accepted.
Exit code 1 on any loss, on an id that came twice without a crash that explains it, or where the counters of
\`relay status\` do not add up; the logs are kept then.

  --events N  how many events; default: as listed, less than a minute
  --seed N    of the files and of the times between two kills; default 1
  --json      the result as JSON, alone on stdout
  --keep      keep the folder with all logs also when all is well
  --help

${list}`;

const flags = {
  events: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean" },
  keep: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const usageExitCode = 64;

class UsageError extends Error {
  override readonly name = "UsageError";
}

const countIn = (flag: string, text: string | undefined, fallback: number): number => {
  const count = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`--${flag} ${text} is no count`);
  return count;
};

const scenarioNamed = (name: string | undefined): Scenario => {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (!found) throw new UsageError(name === undefined ? "which scenario?" : `"${name}" is no scenario`);
  return found;
};

const parse = (args: string[]) => {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
};

const main = async (args: string[]): Promise<number> => {
  const { values, positionals } = parse(args);
  if (values.help || positionals[0] === "list") {
    console.log(values.help ? help : list);
    return 0;
  }
  if (positionals.length > 1) throw new UsageError("one scenario at a time");
  const scenario = scenarioNamed(positionals[0]);
  const interrupted = new AbortController();
  const release = onSignals((signal) => interrupted.abort(new Error(`interrupted by ${signal}`)));
  const report = await runScenario({
    scenario,
    events: countIn("events", values.events, scenario.events),
    seed: countIn("seed", values.seed, 1),
    keep: values.keep ?? false,
    say: (what) => console.error(what),
    signal: interrupted.signal,
  }).finally(release);
  console.log(values.json ? JSON.stringify(report) : `\n${reportTable(report)}`);
  return report.ok ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `lab: ${error.message}; scenarios:\n${list}\n(--help says more)` : error);
  return isUsage ? usageExitCode : 1;
});
