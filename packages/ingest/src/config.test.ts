import { configSchema } from "@currents-relay/shared/config/schema.ts";
import { expect, it } from "vitest";
import { containerLimits } from "./config.ts";
import { defaultContainerLimits } from "./core/limits.ts";

const limitsOf = (limits: object) =>
  containerLimits(
    configSchema.parse({
      version: 1,
      limits,
      workspaces: {
        acme: { segment: { writeKey: "key" }, connectors: { all: { source: { type: "folder", path: "." } } } },
      },
    }).limits,
  );

it("every limit of a file is a setting", () => {
  const limits = limitsOf({
    schemaBytes: "2KB",
    schemaDepth: 3,
    schemaFields: 4,
    recordItems: 5,
    blockBytes: "6KB",
    expandedBlockBytes: "7KB",
    blockRecords: 8,
  });
  expect(limits).toMatchObject({ maxCompressedBlockBytes: 6_000, maxBlockBytes: 7_000, maxRecordsPerBlock: 8 });
  expect(limits.record).toEqual({ maxSchemaBytes: 2_000, maxDepth: 3, maxFields: 4, maxItemsPerRecord: 5 });
});

it("left out, they are those of the reader, where these are round numbers", () => {
  const { maxDepth, maxFields, maxItemsPerRecord } = limitsOf({}).record;
  expect({ maxDepth, maxFields, maxItemsPerRecord }).toEqual({
    maxDepth: defaultContainerLimits.record.maxDepth,
    maxFields: defaultContainerLimits.record.maxFields,
    maxItemsPerRecord: defaultContainerLimits.record.maxItemsPerRecord,
  });
});
