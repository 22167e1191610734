import { AvroFault } from "@currents-relay/shared/avro/avro-fault.ts";
import { readRecordType } from "@currents-relay/shared/avro/record-type.ts";
import type { RecordType } from "@currents-relay/shared/avro/record-type.ts";
import { maxVarintBytes, readLong } from "@currents-relay/shared/avro/varint.ts";
import type { QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import { byteWindow } from "./byte-window.ts";
import type { ByteWindow } from "./byte-window.ts";
import { bad, good } from "./checked.ts";
import type { Bad, Checked } from "./checked.ts";
import { decompressBlock } from "./codecs.ts";
import { syncBytes, takeHeader } from "./container-header.ts";
import type { ContainerHeader } from "./container-header.ts";
import { defaultContainerLimits } from "./limits.ts";
import type { ContainerLimits } from "./limits.ts";

/** All offsets are bytes from the beginning of the file. */
export type ContainerPart = HeaderPart | BlockPart | FaultPart;

export interface HeaderPart extends ContainerHeader {
  kind: "header";
  /** Reads the records of the blocks that follow. */
  recordType: RecordType;
}

/** A block that passed every check: framing, checksum, and a walk over each of its records. */
export interface BlockPart {
  kind: "block";
  offset: number;
  endOffset: number;
  records: number;
  /** Decompressed; good until the next part is asked for. May be a view of what was read: do not write to it. */
  data: Buffer;
  /** Where in `data` each record ends. */
  recordEnds: Uint32Array;
}

/** Something that cannot be read. `offset` is where the damaged header (0) or block begins. */
export interface FaultPart {
  kind: "fault";
  offset: number;
  reason: QuarantineReason;
  message: string;
}

export interface ReadOptions {
  limits?: ContainerLimits;
  /** To read on from a known block: the source then begins at `blockOffset`. */
  resume?: { header: ContainerHeader; blockOffset: number };
}

interface Reading {
  window: ByteWindow;
  header: HeaderPart;
  limits: ContainerLimits;
}

/** A block's place inside the window. */
interface Frame {
  records: number;
  dataStart: number;
  dataEnd: number;
}

/** What is wrong with a block; `knownEnd` is its length where only its marker is damaged. */
interface Damage {
  kind: "damage";
  reason: QuarantineReason;
  message: string;
  knownEnd: number | undefined;
}

const damage = ({ reason, cause }: Bad, knownEnd?: number): Damage => ({
  kind: "damage",
  reason,
  message: cause.message,
  knownEnd,
});

const faultAt = (offset: number, reason: QuarantineReason, message: string): FaultPart => ({
  kind: "fault",
  offset,
  reason,
  message,
});

const openHeader = (header: ContainerHeader, limits: ContainerLimits): HeaderPart | FaultPart => {
  try {
    return { ...header, kind: "header", recordType: readRecordType(header.schemaText, limits.record) };
  } catch (cause) {
    if (cause instanceof AvroFault) return faultAt(0, cause.reason, cause.message);
    throw cause;
  }
};

const readFrame = async ({ window, limits }: Reading): Promise<Checked<Frame>> => {
  const isWhole = await window.fill(2 * maxVarintBytes);
  const bytes = window.held();
  const at = { bytes, pos: 0, end: bytes.length };
  try {
    const records = readLong(at);
    const size = readLong(at);
    if (records < 0 || size < 0) return bad("corrupt-block", `the block says ${records} records in ${size} bytes`);
    if (records > limits.maxRecordsPerBlock) return bad("over-limit", `the block says ${records} records`);
    if (size > limits.maxCompressedBlockBytes) return bad("over-limit", `the block says ${size} bytes`);
    return good({ records, dataStart: at.pos, dataEnd: at.pos + size });
  } catch (cause) {
    if (!(cause instanceof AvroFault)) throw cause;
    return isWhole ? bad("corrupt-block", cause.message) : bad("truncated", "the file ends in a block");
  }
};

const openBlock = (frame: Frame, compressed: Buffer, { window, header, limits }: Reading): Checked<BlockPart> => {
  const decompressed = decompressBlock(header.codec, compressed, limits.maxBlockBytes);
  if (decompressed.kind !== "ok") return decompressed;
  const data = decompressed.value;
  const offset = window.offset();
  try {
    const recordEnds = header.recordType.recordEnds(data, frame.records);
    const endOffset = offset + frame.dataEnd + syncBytes;
    return good({ kind: "block", offset, endOffset, records: frame.records, data, recordEnds });
  } catch (cause) {
    if (!(cause instanceof AvroFault)) throw cause;
    return bad(cause.reason === "over-limit" ? "over-limit" : "corrupt-block", cause.message);
  }
};

/** True where a marker stands and was damaged, rather than where no marker ever was: chance gives none of 16 bytes. */
const isDamagedMarker = (found: Buffer, sync: Buffer): boolean =>
  found.filter((byte, index) => byte === sync[index]).length >= syncBytes / 2;

/** Reads the block at the window's beginning, and drops it only when it is good. */
const readBlock = async (reading: Reading): Promise<BlockPart | Damage> => {
  const { window, header } = reading;
  const framed = await readFrame(reading);
  if (framed.kind !== "ok") return damage(framed);
  const { dataStart, dataEnd } = framed.value;
  const end = dataEnd + syncBytes;
  if (!(await window.fill(end))) return damage(bad("truncated", "the file ends in a block"));
  const bytes = window.held();
  const marker = bytes.subarray(dataEnd, end);
  if (!marker.equals(header.sync)) {
    const fault = bad("corrupt-block", "the block does not end with the file's sync marker");
    return damage(fault, isDamagedMarker(marker, header.sync) ? end : undefined);
  }
  const block = openBlock(framed.value, bytes.subarray(dataStart, dataEnd), reading);
  if (block.kind !== "ok") return damage(block);
  window.drop(end);
  return block.value;
};

/** How much is looked through at a time. */
const searchedBytes = 64 * 1024;

/**
 * Drops everything up to and with the next sync marker; false when there is none, and the file is at its end.
 * Searches from the bad block's first byte, because none of its lengths can be trusted.
 */
const findNextBlock = async ({ window, header }: Reading, { knownEnd }: Damage): Promise<boolean> => {
  if (knownEnd !== undefined) {
    window.drop(knownEnd);
    return true;
  }
  for (;;) {
    const found = window.held().indexOf(header.sync);
    if (found >= 0) {
      window.drop(found + syncBytes);
      return true;
    }
    // The last bytes may be the first of a marker.
    window.drop(Math.max(0, window.held().length - syncBytes + 1));
    const before = window.held().length;
    await window.fill(before + searchedBytes);
    if (window.held().length === before) return false;
  }
};

const describeDamage = ({ reason, message }: Damage, offset: number, next: number | undefined): FaultPart => {
  if (next === undefined) return faultAt(offset, reason, `${message}; no block follows`);
  // A block that claims more than the file has is cut off only if nothing stands behind it.
  const known = reason === "truncated" ? "corrupt-block" : reason;
  return faultAt(offset, known, `${message}; reading goes on at ${next}`);
};

async function* readBlocks(reading: Reading): AsyncGenerator<BlockPart | FaultPart> {
  const { window, limits } = reading;
  let faultsInARow = 0;
  while (await window.fill(1)) {
    const offset = window.offset();
    const read = await readBlock(reading);
    if (read.kind === "block") {
      // An empty one proves nothing of what stands around it.
      if (read.records > 0) faultsInARow = 0;
      yield read;
      continue;
    }
    const goesOn = await findNextBlock(reading, read);
    yield describeDamage(read, offset, goesOn ? window.offset() : undefined);
    if (!goesOn) return;
    if (++faultsInARow >= limits.maxFaultsInARow)
      return yield faultAt(window.offset(), "over-limit", `${faultsInARow} bad blocks in a row; the rest is not read`);
  }
}

/**
 * Reads an Avro object container file: its header, then its blocks in order, with a fault in the place of whatever
 * cannot be read. After a bad block it searches for the next sync marker, so the good blocks on both sides of it come
 * out; records of a bad one never do. The pieces of the source may have any size, and need only be good until the next
 * one is asked for. At most one decompressed block is held, and room for twice the largest compressed one. When
 * resuming, the known header comes first again.
 * Bad bytes never throw. Errors of the source do.
 */
export async function* readContainer(
  source: AsyncIterable<Uint8Array>,
  { limits = defaultContainerLimits, resume }: ReadOptions = {},
): AsyncGenerator<ContainerPart> {
  const window = byteWindow(source, resume?.blockOffset ?? 0);
  try {
    const taken = resume ? good(resume.header) : await takeHeader(window, limits);
    if (taken.kind === "quarantine") return yield faultAt(0, taken.reason, taken.cause.message);
    const header = openHeader(taken.value, limits);
    yield header;
    if (header.kind === "header") yield* readBlocks({ window, header, limits });
  } finally {
    await window.close();
  }
}
