/** What lies in Redis under the name of a payload is not what was put there. Its message quotes nothing of it. */
export class DamagedPayload extends Error {
  override readonly name = "DamagedPayload";
}

/** For whoever can do without a payload that is damaged. */
export const noneIfDamaged = (error: unknown): undefined => {
  if (!(error instanceof DamagedPayload)) throw error;
};

/** Reads bytes of our own. Throws DamagedPayload in place of what a parser says: that could quote customer data. */
export const readOwn = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new DamagedPayload("its payload is damaged", { cause: error });
  }
};
