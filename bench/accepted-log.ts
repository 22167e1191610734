import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Landings } from "./landing-schedule.ts";

/** How long each landed event took until its acceptance, from the stand-in's log of ids; others are left out. */
export const readLatencies = async (log: string, landings: Landings): Promise<number[]> => {
  const latencies: number[] = [];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const { at, id } = JSON.parse(line) as { at: string; id: string }; // written by the stand-in with --log-ids
    const landedMs = landings.get(id);
    if (landedMs !== undefined) latencies.push(Date.parse(at) - landedMs);
  }
  return latencies;
};
