/** How long to wait with an object whose source cannot be read, when the source does not say. */
const defaultWaitMs = 15_000;

/**
 * The source cannot be read now: it is throttled, down, denied or gone. Nothing is wrong with the object, so it waits
 * and costs no attempt. The message is a sentence for the operator and holds no secret.
 */
export class SourceUnavailable extends Error {
  override readonly name = "SourceUnavailable";
  /** What the source asked us to wait. */
  readonly afterMs: number;
  /** Set where our credentials or our rights are not enough. */
  readonly code: "AccessDenied" | undefined;

  constructor(message: string, options: ErrorOptions & { afterMs?: number | undefined; isDenied?: boolean } = {}) {
    super(message, options);
    this.afterMs = options.afterMs ?? defaultWaitMs;
    this.code = options.isDenied ? "AccessDenied" : undefined;
  }
}
