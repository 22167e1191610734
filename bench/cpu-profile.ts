import { readFileSync } from "node:fs";

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
}

/** What `node --cpu-prof` writes: times in microseconds. */
interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

export interface SelfTime {
  /** Function, file and line. */
  place: string;
  /** In the function itself, without what it calls. */
  ms: number;
}

const placeOf = ({ functionName, url, lineNumber }: ProfileNode["callFrame"]): string => {
  const file = url.replace(/^file:\/\//, "").replace(/^.*\/(node_modules|packages)\//, "");
  return `${functionName || "(anonymous)"} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`;
};

/** Where the main thread of a process spent its time, the most first; "(idle)" is left out. */
export const selfTimes = (file: string): SelfTime[] => {
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile; // written by Node
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const place = places.get(id) ?? "";
    times.set(place, (times.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  return [...times]
    .filter(([place]) => !place.startsWith("(idle)"))
    .map(([place, us]) => ({ place, ms: us / 1_000 }))
    .toSorted((a, b) => b.ms - a.ms);
};
