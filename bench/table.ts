import type { Result, Target } from "./figure.ts";

/** 12345.678 with 1 decimal -> "12,345.7". */
export const formatNumber = (value: number, decimals: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

export const formatTarget = (target: Target | undefined): string =>
  target === undefined
    ? ""
    : "atLeast" in target
      ? `>= ${target.atLeast.toLocaleString("en-US")}`
      : `<= ${target.atMost.toLocaleString("en-US")}`;

export const columns = ["", "median", "min - max", "unit", "target", ""] as const;

/** One line of the table for each result, as text in {@link columns}. */
export const cellsOf = ({
  label,
  median,
  min,
  max,
  values,
  unit,
  target,
  isReached,
  decimals = 0,
}: Result): string[] => [
  label,
  formatNumber(median, decimals),
  values.length < 2 ? "" : `${formatNumber(min, decimals)} - ${formatNumber(max, decimals)}`,
  unit,
  formatTarget(target),
  isReached === undefined ? "" : isReached ? "ok" : "MISS",
];

const isNumeric = (column: number): boolean => column === 1 || column === 2;

/** The results for a terminal, in groups by measurement. */
export const textTable = (results: readonly Result[]): string => {
  const groups = Map.groupBy(results, ({ measurement }) => measurement);
  const rows = [[...columns], ...results.map(cellsOf)];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        isNumeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [
    line(columns),
    ...[...groups].flatMap(([name, members]) => ["", name, ...members.map((result) => line(cellsOf(result)))]),
  ].join("\n");
};
