/**
 * A value as avsc decodes it with our long type: longs beyond 2^53 are bigint, `bytes` and `fixed` are Buffers,
 * unions are unwrapped (see avro/record-type.ts).
 */
export type AvroValue =
  null | boolean | number | bigint | string | Uint8Array | AvroValue[] | { [field: string]: AvroValue };

/** One event as Braze stores it: the flat record, field name to value. Null and absent mean the same. */
export type EventRecord = Record<string, AvroValue | undefined>;

/** Where in its source an event was found, exact enough to find it again by hand. */
export interface EventOrigin {
  /** The file's or request's address, as a person would write it. */
  uri: string;
  /** Byte offset of the Avro block in the file; for a request, 0. */
  blockOffset: number;
  /** Position of the record in that block, from 0. */
  recordIndex: number;
}
