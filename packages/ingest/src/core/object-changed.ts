/** The object is not the version that was listed any more: a later listing finds the new one. */
export class ObjectChanged extends Error {
  override readonly name = "ObjectChanged";
  /** There is none of its name: the same version may come back, with a mount that was away, say. */
  readonly isGone: boolean;

  constructor(message: string, options: ErrorOptions & { isGone?: boolean } = {}) {
    super(message, options);
    this.isGone = options.isGone ?? false;
  }
}
