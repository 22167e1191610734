/** One command of `relay`. */
export interface Command {
  help: string;
  /** Answers with the exit code; throws CommandError for what the user should read. */
  run(args: string[]): Promise<number>;
}
