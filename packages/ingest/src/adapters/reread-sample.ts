import { readContainer } from "../core/avro-container.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source, SourceObject } from "../ports.ts";

const sampledObjects = 3;

/** About how many events are in the objects, judged by a few of them, which are read; undefined: none could be. */
export const estimateEvents = async (
  source: Pick<Source, "read">,
  objects: readonly SourceObject[],
  signal: AbortSignal,
): Promise<number | undefined> => {
  const step = Math.max(1, Math.floor(objects.length / sampledObjects));
  const samples = objects.filter((_, index) => index % step === 0).slice(0, sampledObjects);
  let [records, bytes] = [0, 0];
  for (const object of samples) {
    const inObject = await recordsIn(source, object, signal).catch((error: unknown) => {
      if (error instanceof SourceUnavailable || error instanceof ObjectChanged) return undefined;
      throw error;
    });
    if (inObject === undefined) continue;
    records += inObject;
    bytes += object.bytes;
  }
  const all = objects.reduce((sum, object) => sum + object.bytes, 0);
  return bytes === 0 ? undefined : Math.round((records * all) / bytes);
};

const recordsIn = async (source: Pick<Source, "read">, object: SourceObject, signal: AbortSignal): Promise<number> => {
  let records = 0;
  for await (const part of readContainer(source.read(object, 0, signal)))
    if (part.kind === "block") records += part.records;
  return records;
};
