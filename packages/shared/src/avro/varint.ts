import { AvroFault } from "./avro-fault.ts";

/** A place in a run of bytes. `end` is exclusive; nothing is ever read at or after it. */
export interface Cursor {
  bytes: Uint8Array;
  pos: number;
  end: number;
}

/** A 64-bit varint takes at most ten bytes (Avro specification, "Binary encoding"). */
export const maxVarintBytes = 10;

const badRecord = (message: string): never => {
  throw new AvroFault("bad-record", message);
};

const byteAt = (at: Cursor): number => {
  if (at.pos >= at.end) return badRecord(`the bytes end in the middle of a number, at ${at.pos}`);
  // In bounds by the line above.
  return at.bytes[at.pos++] as number;
};

/**
 * Reads a zigzag varint as a number: exact up to 2^53, rounded beyond, which is still far over any length or count.
 * Throws AvroFault when the bytes end first or the number has more than 64 bits.
 */
export const readLong = (at: Cursor): number => {
  const first = byteAt(at);
  if (first < 0x80) return (first >>> 1) ^ -(first & 1); // Nearly all of them.
  let sum = first & 0x7f;
  let scale = 128;
  for (let count = 2; count <= maxVarintBytes; count++) {
    const byte = byteAt(at);
    sum += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (count === maxVarintBytes && byte > 1) break;
      return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
    }
    scale *= 128;
  }
  return badRecord(`the number that ends at ${at.pos} has more than 64 bits`);
};

/** Reads a varint that must fit into 32 bits; same errors as {@link readLong}. */
export const readInt = (at: Cursor): number => {
  const value = readLong(at);
  return value === (value | 0) ? value : badRecord(`the int that ends at ${at.pos} has more than 32 bits`);
};

/** Decodes one whole, already checked varint: a number up to 2^53 - 1 either way, a bigint beyond. */
export const longOf = (varint: Uint8Array): number | bigint => {
  if (varint.length <= 7) return readLong({ bytes: varint, pos: 0, end: varint.length });
  let sum = 0n;
  for (let index = varint.length - 1; index >= 0; index--) sum = (sum << 7n) | BigInt((varint[index] ?? 0) & 0x7f);
  const value = BigInt.asIntN(64, (sum >> 1n) ^ -(sum & 1n));
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
};
