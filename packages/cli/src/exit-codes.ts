/** What the commands exit with; the numbers above 1 are those of sysexits.h. */
export const exitCodes = {
  ok: 0,
  /** Something was found to be wrong: in a file, with a key. */
  failed: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A file or folder that was to be read cannot be. */
  noInput: 66,
  /** Something else that must be there is not: a Redis, a free port. */
  unavailable: 69,
  /** A bug of ours. */
  bug: 70,
  /** Not everything could be delivered; nothing is lost, try again later. */
  notYet: 75,
  /** The configuration is wrong, or is not there. */
  config: 78,
  /** Ctrl-C (128 + SIGINT), as shells expect. */
  interrupted: 130,
} as const;

/** Ends a command with a message for the user instead of a stack trace. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
