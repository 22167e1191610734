/** One command of `relay`. */
export interface Command {
  /** Half a line, for the list of commands. */
  summary: string;
  help: string;
  /** Answers with the exit code; throws CommandError for what the user should read. */
  run(args: string[]): Promise<number>;
}
