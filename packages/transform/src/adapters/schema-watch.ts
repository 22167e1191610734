import type { ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import { schemaCountsKey, schemasKey } from "@currents-relay/shared/stage/schema-counts.ts";
import type { Redis } from "ioredis";
import { differenceOf, notedSchema, type SchemaShape } from "../core/schema-difference.ts";

const noteScript = luaScript(new URL("./note-schema.lua", import.meta.url));

/** About 1 KB each in Redis; Braze has some 80 event types, and changes each a few times a year. */
const mostRemembered = 2_000;
const mostKnownHere = 1_000;

export interface SchemaWatchOptions {
  redis: Redis;
  workspace: string;
  log: { warn: (fields: object, message: string) => void };
  /** UNIX ms. */
  now?: () => number;
}

/**
 * Notes which schemas the chunks of a workspace were written with. One that replaces another of the same event type is
 * counted for all pods and logged with its difference, by the pod that saw it first. Resolves when that is done; never
 * rejects, because no chunk should wait or fail for it.
 */
export const schemaWatch = ({ redis, workspace, log, now = Date.now }: SchemaWatchOptions) => {
  const known = new Set<string>();

  const note = async (eventType: string, schema: string) => {
    const { shape, shapeJson, fingerprint } = notedSchema(schema);
    const args = [eventType, fingerprint, shapeJson, now(), mostRemembered];
    // The script's own answer.
    const [said, before] = (await noteScript(redis, [schemasKey(workspace), schemaCountsKey(workspace)], args)) as [
      "known" | "first" | "changed" | "full",
      string?,
    ];
    // A kill here: it is counted, and its difference is not in the log.
    if (said === "changed")
      log.warn(
        { workspace, eventType, fingerprint, ...differenceOf(JSON.parse(before ?? "{}") as SchemaShape, shape) },
        "schema.changed: Braze writes this event type with other fields now",
      );
    if (said === "full") log.warn({ workspace, eventType, fingerprint }, "schema.not-noted: too many schemas");
  };

  return async ({ content }: Pick<ChunkHeader, "content">): Promise<void> => {
    if (content.encoding !== "avro") return;
    const { eventType, schema } = content;
    const key = `${eventType}\n${schema}`;
    if (known.has(key)) return;
    if (known.size >= mostKnownHere) known.clear();
    known.add(key);
    await note(eventType, schema).catch((error: unknown) => {
      known.delete(key);
      log.warn({ err: error, workspace, eventType }, "schema.not-noted");
    });
  };
};
