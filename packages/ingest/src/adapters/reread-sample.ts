import { readContainer } from "../core/avro-container.ts";
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
    for await (const part of readContainer(source.read(object, 0, signal)))
      if (part.kind === "block") records += part.records;
    bytes += object.bytes;
  }
  const all = objects.reduce((sum, object) => sum + object.bytes, 0);
  return bytes === 0 ? undefined : Math.round((records * all) / bytes);
};
