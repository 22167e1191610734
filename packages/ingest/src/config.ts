import type { RelayConfig } from "@currents-relay/shared/config/schema.ts";
import { type ContainerLimits, defaultContainerLimits } from "./core/limits.ts";

/** The limits of files as the configuration sets them; what it does not set stays as it is. */
export const containerLimits = (limits: RelayConfig["limits"]): ContainerLimits => ({
  ...defaultContainerLimits,
  maxHeaderBytes: Math.max(defaultContainerLimits.maxHeaderBytes, 2 * limits.schemaBytes),
  maxCompressedBlockBytes: limits.blockBytes,
  maxBlockBytes: limits.expandedBlockBytes,
  maxRecordsPerBlock: limits.blockRecords,
  record: {
    ...defaultContainerLimits.record,
    maxSchemaBytes: limits.schemaBytes,
    maxDepth: limits.schemaDepth,
    maxFields: limits.schemaFields,
    maxItemsPerRecord: limits.recordItems,
  },
});
