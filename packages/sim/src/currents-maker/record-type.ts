import avsc from "avsc";
import type { RecordSchema } from "./schema.ts";

/** A long that takes numbers and bigints, since Braze's longs may be beyond 2^53, and gives bigints. */
export const anyLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: number | bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === "bigint" || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/** Appends one record to `bytes` at `at`: the new position, or a negative number where there is no room. */
export type EncodeRecord = (record: object, bytes: Buffer, at: number) => number;

/** The Avro encoder of a schema. The encoder throws where a record does not fit the schema. */
export const recordEncoder = (schema: RecordSchema): EncodeRecord => {
  // avsc's type of schemas leaves out the readonly unions that it accepts.
  const type = avsc.Type.forSchema(schema as unknown as avsc.Schema, { registry: { long: anyLong } });
  return (record, bytes, at) => type.encode(record, bytes, at);
};
