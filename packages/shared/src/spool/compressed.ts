import { constants, zstdCompress, zstdDecompressSync } from "node:zlib";
import type { Payload } from "../contracts/parcel.ts";
import type { OpenPage } from "../core/pages.ts";
import { oneShotSync, oneShot } from "../core/zlib-one-shot.ts";
import { compressor, expander } from "../core/zstd-context.ts";
import { oneAtATime } from "../runtime/one-at-a-time.ts";
import { liftIds, putBack } from "./lifted-ids.ts";

/** Level 1: 0.8 us an event for 44 bytes of 1,285 (DESIGN section 11); higher levels cost more than they save. */
const compressInto = compressor({ [constants.ZSTD_c_compressionLevel]: 1 });
/** More than the frame of so many bytes can take (zstd's own bound, and some). In one piece it needs no copy of the input. */
const mostFrameBytes = (bytes: number): number => bytes + Math.ceil(bytes / 128) + 1_024;
const expandInto = expander();
const defaultPieceBytes = 512 * 1024;
/** No payload of ours is longer: what claims to be is damaged, and gets no Buffer of that size. */
const mostClaimedBytes = 256 * 1024 * 1024;

/** Where the pieces of a payload are put together, and where its frame is made. Kept, as nothing of it is needed afterwards. */
let scratch = Buffer.alloc(0);
let frameScratch = Buffer.alloc(0);
const mostScratchBytes = 8 * 1024 * 1024;

const inOnePiece = (payload: Payload): Uint8Array => {
  if (payload instanceof Uint8Array) return payload;
  const bytes = payload.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes > mostScratchBytes) return Buffer.concat(payload, bytes);
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const piece of payload) {
    scratch.set(piece, at);
    at += piece.length;
  }
  return scratch.subarray(0, at);
};

const roomForFrame = (bytes: number): Buffer => {
  const most = mostFrameBytes(bytes);
  if (most > mostScratchBytes) return Buffer.allocUnsafeSlow(most);
  if (frameScratch.length < most) frameScratch = Buffer.allocUnsafeSlow(most);
  return frameScratch;
};

/**
 * In one call on its own thread: 0.4 ms for a request body, to expand as to compress. By the thread pool it takes a third
 * more CPU, and the stages have no use for the time in between.
 */
export const compressed = (payload: Payload): Buffer => {
  const bytes = inOnePiece(payload);
  const room = roomForFrame(bytes.length);
  return Buffer.from(room.subarray(0, compressInto(bytes, room))); // copied
};

/** Level 12, with the ids apart: 27 % smaller than level 1 for 11 us an event; higher levels take twice that for 1 % more. */
const hardParams = { [constants.ZSTD_c_compressionLevel]: 12 };
const inTurn = oneAtATime();
const frameOf = (bytes: Buffer): Promise<Buffer> =>
  oneShot(zstdCompress, bytes, { params: hardParams, pledgedSrcSize: bytes.length });

/** Then follow the length of the content and that of the first frame (uint32, LE), the frames of the text and of the ids. */
const liftedMagic = 0x4c;
/** What {@link compressedHard} begins with, as a character. */
export const hardMark = String.fromCharCode(liftedMagic);
const liftedHeadBytes = 9;

/**
 * For what will lie for long: the ids apart from the rest (lifted-ids.ts), by a thread of the pool, one at a time, so that
 * all else goes on beside it.
 */
export const compressedHard = (bytes: Buffer): Promise<Buffer> =>
  inTurn(async () => {
    const { text, ids } = liftIds(bytes);
    const frame = await frameOf(text);
    const head = Buffer.alloc(liftedHeadBytes);
    head[0] = liftedMagic;
    head.writeUInt32LE(bytes.length, 1);
    head.writeUInt32LE(frame.length, 5);
    return Buffer.concat([head, frame, await frameOf(ids)]);
  });

/**
 * Whether {@link compressedHard} may be given its content: it was not before, as the frame then says nothing of a length,
 * and it is not so large that doing it could take more memory than a process has.
 */
export const canBeSmaller = (bytes: Buffer): boolean =>
  (contentBytes(bytes) ?? Number.POSITIVE_INFINITY) <= mostScratchBytes;

const ownBuffer: OpenPage = (bytes) => Buffer.allocUnsafe(bytes);

/**
 * What {@link compressed} or {@link compressedHard} was given, in a Buffer of its size; of the former in a page, where one is
 * opened for it. Throws where these are other bytes.
 */
export const expanded = (bytes: Buffer, openPage = ownBuffer): Buffer => {
  if (bytes[0] !== liftedMagic || bytes.length < liftedHeadBytes) return content(bytes, openPage);
  const length = bytes.readUInt32LE(1);
  const idsFrame = liftedHeadBytes + bytes.readUInt32LE(5);
  if (length > mostClaimedBytes) throw new Error(`the content claims to be ${length} bytes`);
  const text = content(bytes.subarray(liftedHeadBytes, idsFrame));
  return putBack({ text, ids: content(bytes.subarray(idsFrame)) }, length);
};

const content = (frame: Buffer, openPage = ownBuffer): Buffer => {
  const size = contentBytes(frame);
  if (size === undefined) return oneShotSync(zstdDecompressSync, frame, { chunkSize: defaultPieceBytes });
  const room = openPage(size + 1);
  return room.subarray(0, expandInto(frame, room));
};

/** How long the content is, as far as the frame says so. Source: RFC 8878, section 3.1.1.1. */
const contentBytes = (frame: Buffer): number | undefined => {
  const descriptor = frame[4];
  if (descriptor === undefined || frame.readUInt32LE(0) !== 0xfd2fb528) return undefined;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (sizeBytes === 0 || sizeBytes === 8 || frame.length < at + sizeBytes) return undefined;
  const claimed = frame.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return claimed <= mostClaimedBytes ? claimed : undefined;
};
