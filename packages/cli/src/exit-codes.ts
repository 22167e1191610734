/** What the commands exit with; the numbers above 1 are those of sysexits.h. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** The command line is wrong. */
  usage: 64,
  /** Something that must be there is not: a file, a Redis. */
  unavailable: 69,
  /** Not everything could be delivered; nothing is lost, try again later. */
  notYet: 75,
  /** The configuration is wrong. */
  config: 78,
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
