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

export const defaultRecordLimits: RecordLimits = {
  maxSchemaBytes: 1024 * 1024,
  maxDepth: 32,
  maxFields: 5_000,
  maxItemsPerRecord: 100_000,
};
