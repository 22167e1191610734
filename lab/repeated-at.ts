import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * When the ids that were accepted more than once were accepted (UNIX ms, in order), from the stand-in's log of
 * acceptances. Only these ids are kept, so a million others cost nothing.
 */
export const readRepeatedAt = async (
  log: string,
  accepted: ReadonlyMap<string, number>,
): Promise<Map<string, number[]>> => {
  const times = new Map<string, number[]>();
  for (const [id, count] of accepted) if (count > 1) times.set(id, []);
  if (times.size === 0) return times;
  for await (const line of createInterface({ input: createReadStream(log), crlfDelay: Infinity })) {
    const { at, id } = JSON.parse(line) as { at: string; id?: string }; // the stand-in's own lines (take-batch.ts)
    if (id !== undefined) times.get(id)?.push(Date.parse(at));
  }
  return times;
};
