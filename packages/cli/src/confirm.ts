import { createInterface } from "node:readline/promises";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { printError } from "./output.ts";

/** Asks on the terminal; anything but `yes`, Ctrl-C and Ctrl-D included, is a no. Throws where nobody can be asked. */
export const confirm = async (question: string, whereNobodyIs: string): Promise<boolean> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new CommandError(exitCodes.usage, whereNobodyIs);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asked.question(`${question} Type yes: `)) === "yes";
  } catch (error) {
    // What readline makes of both keys.
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
    printError("");
    return false;
  } finally {
    asked.close();
  }
};
