import { exitCodes } from "./exit-codes.ts";
import { countedText, countText } from "@currents-relay/shared/core/count-text.ts";

let isReaderGone = false;

/**
 * A reader of ours that ends (`relay map FILE | head`) ends the output, not the command: what is in hand is finished. So
 * does a full disk, which is said, and fails the command. Call it once, before anything is written.
 */
export const outliveReaders = (): void => {
  process.stderr.on("error", () => undefined); // there is nobody left to tell
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && !isReaderGone) {
      printError(`relay: the output cannot be written: ${error.message}`);
      process.exitCode = exitCodes.failed;
    }
    isReaderGone = true;
  });
};

/** A result, for people or scripts. */
export const print = (text: string): void => {
  if (!isReaderGone) process.stdout.write(`${text}\n`);
};

/** {@link print} for much of it: resolves when more may come; false when nobody reads any more. */
export const printMuch = async (text: string): Promise<boolean> => {
  if (isReaderGone) return false;
  if (!process.stdout.write(`${text}\n`)) await drained();
  // An error comes after the write that met it.
  await new Promise((resolve) => setImmediate(resolve));
  return !isReaderGone;
};

const drained = (): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      process.stdout.off("drain", done).off("error", done);
      resolve();
    };
    process.stdout.on("drain", done).on("error", done);
  });

/** Something that is not the result. */
export const printError = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Columns of equal width; those named in `right` (from 0) are aligned right. */
export const table = (rows: readonly (readonly string[])[], right: readonly number[] = []): string => {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const aligned = (cell: string, column: number): string =>
    right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(aligned).join("  ").trimEnd()).join("\n");
};

/** 12345.6 -> "12,346". */
export const formatCount = (count: number): string => countText(Math.round(count));

/** 1 file, 2 files. */
export const counted = (count: number, thing: string): string => countedText(Math.round(count), thing);
