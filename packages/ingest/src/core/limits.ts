import { defaultRecordLimits } from "@currents-relay/shared/avro/record-limits.ts";
import type { RecordLimits } from "@currents-relay/shared/avro/record-limits.ts";

/** What one file may cost us. Every limit is inclusive; what is over one is a fault "over-limit", never a crash. */
export interface ContainerLimits {
  /** Magic, metadata and sync marker together. */
  maxHeaderBytes: number;
  maxMetadataEntries: number;
  /** One block as it is in the file. */
  maxCompressedBlockBytes: number;
  /** One block after decompression. */
  maxBlockBytes: number;
  maxRecordsPerBlock: number;
  /** Faulty blocks without an intact one, with records in it, between them; then the rest of the file is given up. */
  maxFaultsInARow: number;
  record: RecordLimits;
}

const mebibyte = 1024 * 1024;

export const defaultContainerLimits: ContainerLimits = {
  maxHeaderBytes: 2 * mebibyte,
  maxMetadataEntries: 1_000,
  maxCompressedBlockBytes: 64 * mebibyte,
  maxBlockBytes: 128 * mebibyte,
  maxRecordsPerBlock: 1_000_000,
  maxFaultsInARow: 1_000,
  record: defaultRecordLimits,
};

/**
 * A chunk is closed as soon as it has this many records or bytes, whichever comes first: three request bodies of 500
 * calls, mostly (ADR 0023).
 */
export const chunkLimits = { closeAtRecords: 1_500, closeAtBytes: mebibyte } as const;
