import { parseArgs } from "node:util";

export const help = (
  measurements: readonly { name: string; about: string; isLong?: boolean }[],
): string => `Measures the relay beside simpler ways to do its work, on this machine. Linux only.

  pnpm bench [options]

  --quick        fewer events and one run of each, without the long ones: about two minutes
  --runs N       how often each measurement is taken (default 5, with --quick 1)
  --only NAME    this measurement alone; may be given more than once
  --json         the results as JSON on stdout, instead of the table
  --write        also write them to bench/RESULTS.md
  --note TEXT    a remark for the head of the results: what else the machine was doing
  --help

Starts its own Redis (appendfsync always) and stand-in for Segment, makes its own files in the system's temporary
folder, and removes them. Measurements take turns, so that a slow minute of the machine does not hit one alone.

${measurements.map(({ name, about, isLong }) => `  ${name.padEnd(16)} ${about}${isLong ? " (long)" : ""}`).join("\n")}`;

export interface BenchOptions {
  isQuick: boolean;
  runs: number;
  /** Names of measurements; undefined: all. */
  only: readonly string[] | undefined;
  asJson: boolean;
  write: boolean;
  note: string | undefined;
}

const runsFrom = (text: string): number => {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`--runs ${text} is no count from 1 to 999`);
  return Number(text);
};

/** Throws with a sentence for the user where the command line is wrong. */
export const parseOptions = (args: readonly string[], names: readonly string[]): BenchOptions | "help" => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      only: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      note: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no measurement "${unknown}"; there are ${names.join(", ")}`);
  return {
    isQuick: values.quick,
    runs: runsFrom(values.runs ?? (values.quick ? "1" : "5")),
    only: values.only,
    asJson: values.json,
    write: values.write,
    note: values.note,
  };
};
