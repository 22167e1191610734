import type { Redis } from "ioredis";
import { keyPrefix } from "../core/keys.ts";

/** How many schemas were seen of an event type, and when one last replaced another (UNIX ms; 0: never). */
export interface SchemaCount {
  seen: number;
  changedAtMs: number;
}

/** Hash: event type -> `seen:changedAtMs`. */
export const schemaCountsKey = (workspace: string): string => `${keyPrefix}:schema-counts:${workspace}`;
/** Hash: `event type|fingerprint` -> the schema's fields as JSON; `event type` -> the fingerprint seen last as new. */
export const schemasKey = (workspace: string): string => `${keyPrefix}:schemas:${workspace}`;

export const readSchemaCounts = async (redis: Redis, workspace: string): Promise<Record<string, SchemaCount>> =>
  schemaCountsOf(await redis.hgetall(schemaCountsKey(workspace)));

/** @param fields the hash under {@link schemaCountsKey} */
export const schemaCountsOf = (fields: Readonly<Record<string, string>>): Record<string, SchemaCount> =>
  Object.fromEntries(
    Object.entries(fields).map(([eventType, text]) => {
      const [seen = 0, changedAtMs = 0] = text.split(":").map(Number);
      return [eventType, { seen, changedAtMs }];
    }),
  );
