/**
 * Why a schema or a record cannot be used: thrown by everything in this folder, so that a caller can tell bytes that
 * are bad from a bug of ours. A class because `instanceof` is what tells them apart.
 */
export class AvroFault extends Error {
  readonly reason: AvroFaultReason;

  constructor(reason: AvroFaultReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AvroFault";
    this.reason = reason;
  }
}

/** The words of contracts/reasons.ts that apply to a schema or to a record. */
export type AvroFaultReason = "bad-schema" | "bad-record" | "over-limit";
