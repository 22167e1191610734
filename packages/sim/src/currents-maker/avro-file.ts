import { crc32, deflateRawSync, zstdCompressSync } from "node:zlib";
import { compressSync } from "snappy";

export const codecs = ["null", "deflate", "snappy", "zstandard"] as const;
export type Codec = (typeof codecs)[number];

const fastest = { level: 1 };

const compressors: Record<Codec, (data: Buffer) => Buffer> = {
  null: (data) => data,
  deflate: (data) => deflateRawSync(data, fastest),
  snappy: (data) => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    return Buffer.concat([compressSync(data), checksum]);
  },
  zstandard: (data) => zstdCompressSync(data),
};

/** Avro's zigzag variable-length encoding of a number that is not negative. */
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
};

const bytesWithLength = (bytes: Buffer): Buffer[] => [varint(bytes.length), bytes];

const magic = Buffer.from("Obj\u0001", "latin1");
export const syncMarkerBytes = 16;

export interface HeaderParts {
  /** As JSON. */
  schema: string;
  codec: Codec;
  /** False leaves `avro.codec` out, which means null (as in Braze's samples). */
  namesCodec?: boolean;
  /** 16 bytes. */
  syncMarker: Buffer;
}

/** The header of an Avro object container file (Avro 1.12 specification, "Object Container Files"). */
export const fileHeader = ({ schema, codec, namesCodec = true, syncMarker }: HeaderParts): Buffer => {
  if (!namesCodec && codec !== "null") throw new Error(`a file with codec ${codec} must name it`);
  const metadata: [string, string][] = [["avro.schema", schema]];
  if (namesCodec) metadata.push(["avro.codec", codec]);
  const entries = metadata.flatMap((entry) => entry.flatMap((text) => bytesWithLength(Buffer.from(text))));
  return Buffer.concat([magic, varint(metadata.length), ...entries, varint(0), syncMarker]);
};

/** The start of a block's data is made unreadable for every codec: no varint, no deflate block, no zstd frame. */
const damagedBytes = 64;

export interface BlockParts {
  /** Records, back to back. */
  data: Buffer;
  records: number;
  codec: Codec;
  syncMarker: Buffer;
  /** Writes a block of the right length that cannot be read. */
  damaged?: boolean;
}

/** One block of a container file. */
export const fileBlock = ({ data, records, codec, syncMarker, damaged = false }: BlockParts): Buffer => {
  const compressed = compressors[codec](data);
  const block = Buffer.concat([varint(records), ...bytesWithLength(compressed), syncMarker]);
  if (damaged) {
    const start = block.length - syncMarkerBytes - compressed.length;
    block.fill(0xff, start, start + Math.min(damagedBytes, compressed.length));
  }
  return block;
};
