/** Avro's binary encoding, by hand: it can also write what no encoder would, such as a string that is no UTF-8. */
export const avroLong = (value: number | bigint): Buffer => {
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
};

export const avroBytes = (bytes: Uint8Array): Buffer => Buffer.concat([avroLong(bytes.length), bytes]);
export const avroString = (text: string): Buffer => avroBytes(Buffer.from(text));

export const avroDouble = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

export const avroFloat = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

/** One run of items and the end. */
export const avroArray = (items: readonly Buffer[]): Buffer =>
  Buffer.concat(items.length === 0 ? [avroLong(0)] : [avroLong(items.length), ...items, avroLong(0)]);
