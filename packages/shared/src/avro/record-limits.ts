/** What a schema and its records may cost us. Every limit is inclusive. */
export interface RecordLimits {
  maxSchemaBytes: number;
  /** Nesting of a schema. In the data of a recursive schema, records may nest twice as deep. */
  maxDepth: number;
  /** Fields, union branches and enum symbols of a whole schema, taken together. */
  maxFields: number;
  /** Array items, map entries and values that take no bytes, of one record. */
  maxItemsPerRecord: number;
}

/** For schemas and records that were checked before, by limits that may be the operator's own. */
export const alreadyChecked: RecordLimits = {
  maxSchemaBytes: Number.MAX_SAFE_INTEGER,
  maxDepth: 256,
  maxFields: Number.MAX_SAFE_INTEGER,
  maxItemsPerRecord: Number.MAX_SAFE_INTEGER,
};

export const defaultRecordLimits: RecordLimits = {
  maxSchemaBytes: 1024 * 1024,
  maxDepth: 32,
  maxFields: 5_000,
  maxItemsPerRecord: 100_000,
};
