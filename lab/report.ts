import type { Damage } from "./damage.ts";
import type { Latency } from "./latency.ts";
import type { Verdict } from "./judge.ts";

/** What one run has shown; `--json` prints it. */
export interface Report extends Verdict {
  scenario: string;
  events: number;
  seed: number;
  ok: boolean;
  /** Records written into files: repeats, copies and unreadable ones included. */
  sent: number;
  /** Different ids that must arrive. */
  expected: number;
  kills: Damage["kills"];
  terminations: number;
  /** From landing to acceptance, where the scenario tells phases apart. */
  latencies: Latency[];
  seconds: number;
  /** Where the logs are, if they were kept. */
  folder?: string;
}

const formatCount = (count: number): string => count.toLocaleString("en-US");

const byName = (title: string, counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => [`${title}: ${name}`, count]);

/** A table for people. */
export const reportTable = (report: Report): string => {
  const { kills, terminations } = report;
  const counts: [string, number][] = [
    ["records written", report.sent],
    ["ids that must arrive", report.expected],
    ["ids that arrived", report.delivered],
    ...byName("dropped", report.dropped),
    ...byName("quarantined", report.quarantined),
    ["lost", report.lost],
    ...(report.suspect > 0 ? ([["suspect: 200 and thrown away", report.suspect]] satisfies [string, number][]) : []),
    ["doubled", report.doubled],
    ["arrived that must not", report.unexpected],
    ["same id again in a crash window", report.repeats],
    ...byName("kill -9", kills),
    ...(terminations > 0 ? ([["SIGTERM", terminations]] satisfies [string, number][]) : []),
  ];
  const rows = [
    ...counts.map(([name, count]) => [name, formatCount(count)] as const),
    ...report.latencies.map(({ workspace, phase, p50Ms, p99Ms }) => {
      return [`${workspace}, landed ${phase}: p50, p99`, `${formatCount(p50Ms)}, ${formatCount(p99Ms)} ms`] as const;
    }),
    ["counters add up", report.conservation ? "yes" : "NO"] as const,
    ["seconds", report.seconds.toFixed(1)] as const,
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  const head = `${report.scenario} --events ${report.events} --seed ${report.seed}: ${report.ok ? "ok" : "FAILED"}`;
  return [
    head,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value.padStart(valueWidth)}`),
    ...report.faults.map((fault) => `! ${fault}`),
    ...(report.folder === undefined ? [] : [`logs: ${report.folder}`]),
  ].join("\n");
};
