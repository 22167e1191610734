import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FileSet } from "./event-files.ts";
import { landOne } from "./landing.ts";

export interface Schedule {
  /** Its files land one after the other, in order. */
  set: FileSet;
  /** The folder they land in. */
  source: string;
  everyMs: number;
  /** Until the first one lands. */
  afterMs: number;
}

/** When each event landed (UNIX ms), by id. */
export type Landings = Map<string, number>;

/**
 * From 0 to 0.5, evenly: a source that is looked at every half second would otherwise be met at the same moment between
 * two looks by every file of a run.
 */
const spread = (index: number): number => ((index * 0.618) % 1) / 2;

/** Lands the files of a set at a steady pace, as Braze does. Resolves with the last one. */
export const landSteadily = async (schedule: Schedule, landings: Landings, signal: AbortSignal): Promise<void> => {
  const { set, source, everyMs, afterMs } = schedule;
  const startedMs = performance.now();
  for (const [index, path] of set.paths.entries()) {
    const dueMs = startedMs + afterMs + (index + spread(index)) * everyMs;
    await delay(Math.max(0, dueMs - performance.now()), undefined, { signal });
    const atMs = await landOne(join(set.folder, path), join(source, path));
    const first = index * set.eventsPerFile; // the files hold the ids in order, each as many as asked
    for (const id of set.ids.slice(first, first + set.eventsPerFile)) landings.set(id, atMs);
  }
};
