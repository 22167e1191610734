import { crc32, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { oneShotSync } from "@currents-relay/shared/core/zlib-one-shot.ts";
import { uncompressSync } from "snappy";
import { bad, good } from "./checked.ts";
import type { Checked } from "./checked.ts";

/** The codecs of Avro 1.12's "Object Container Files" that are read; bzip2 and xz are not. */
export const codecNames = ["null", "deflate", "snappy", "zstandard"] as const;
export type CodecName = (typeof codecNames)[number];

export const isCodecName = (name: string): name is CodecName => (codecNames as readonly string[]).includes(name);

type Decompress = (block: Buffer, maxBytes: number) => Checked<Buffer>;

/** zlib gathers its output in pieces of this size; its default of 16 KiB takes twice as long. */
const chunkSize = 256 * 1024;
type ZlibLimits = { maxOutputLength: number; chunkSize: number };
const checksumBytes = 4;

const corrupt = (message: string, cause?: unknown): Checked<never> => bad("corrupt-block", message, cause);

const tooLarge = (maxBytes: number): Checked<never> =>
  bad("over-limit", `the block has more than ${maxBytes} bytes when decompressed`);

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const isTooLarge = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";

/**
 * Bytes behind the end of the compressed data are let pass: the Python writers make raw deflate by cutting pieces off
 * zlib's format, and leave three bytes of its checksum. The record walk decides whether the data is whole.
 */
const byZlib =
  (name: CodecName, decompress: (block: Uint8Array, options: ZlibLimits) => Buffer): Decompress =>
  (block, maxBytes) => {
    try {
      return good(oneShotSync(decompress, block, { maxOutputLength: maxBytes, chunkSize }));
    } catch (cause) {
      return isTooLarge(cause) ? tooLarge(maxBytes) : corrupt(`${name}: ${messageOf(cause)}`, cause);
    }
  };

/** The uncompressed length that a raw snappy block starts with: a plain, not a zigzag, varint of 32 bits. */
const snappyLength = (block: Buffer): number => {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index] ?? 0x80;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length;
  }
  return Number.NaN;
};

/** Avro's snappy: the raw format, then CRC-32 of the uncompressed data, big-endian. */
const snappy: Decompress = (block, maxBytes) => {
  const end = block.length - checksumBytes;
  const declared = end > 0 ? snappyLength(block.subarray(0, end)) : Number.NaN;
  if (Number.isNaN(declared)) return corrupt("snappy: the block is too short");
  // Before decompressing: the library allocates what the block says.
  if (declared > maxBytes) return tooLarge(maxBytes);
  try {
    // Copied: without this each output lives outside the heap until the event loop turns, gigabytes in a busy loop.
    const data = uncompressSync(block.subarray(0, end), { copyOutputData: true });
    if (typeof data === "string" || data.length !== declared) return corrupt("snappy: not the declared length");
    return crc32(data) === block.readUInt32BE(end) ? good(data) : corrupt("snappy: the checksum does not match");
  } catch (cause) {
    return corrupt(`snappy: ${messageOf(cause)}`, cause);
  }
};

const decompressors: Record<CodecName, Decompress> = {
  null: (block, maxBytes) => (block.length > maxBytes ? tooLarge(maxBytes) : good(block)),
  deflate: byZlib("deflate", inflateRawSync),
  snappy,
  zstandard: byZlib("zstandard", zstdDecompressSync),
};

/**
 * Decompresses one block. Never more than `maxBytes` (at least 1) are made, whatever it says.
 * Quarantined with "corrupt-block" or "over-limit"; codec null gives the block itself, not a copy.
 */
export const decompressBlock = (codec: CodecName, block: Buffer, maxBytes: number): Checked<Buffer> =>
  decompressors[codec](block, maxBytes);
