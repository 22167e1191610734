/** A result, for people or scripts. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Something that is not the result. */
export const printError = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Columns of equal width; the first column is aligned left, the others right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
};

/** 12345.6 -> "12,346". */
export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");
