import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** From this time (UNIX ms) on, whatever lands belongs to the phase. */
export interface Phase {
  name: string;
  fromMs: number;
  /** The p99 of the workspace is to be within {@link allowedShare} of its p99 in that other phase. */
  expected?: { workspace: string; asFastAs: string };
}

/** DESIGN section 10: an outage next door may cost a fifth. */
const allowedShare = 1.2;
/** Files land in steps, and two cores carry the whole lab: so much more is nobody's fault. */
export const noiseMs = 150;

/** In sentences: which workspace was slower than it had to be, beside somebody else's trouble. */
export const slowParts = (latencies: readonly Latency[], phases: readonly Phase[]): string[] =>
  phases.flatMap(({ name, expected }) => {
    if (!expected) return [];
    const { workspace, asFastAs } = expected;
    const p99In = (phase: string) => latencies.find((one) => one.workspace === workspace && one.phase === phase)?.p99Ms;
    const [before, now] = [p99In(asFastAs), p99In(name)];
    if (before === undefined || now === undefined) return [`${workspace} has no latencies "${asFastAs}" and "${name}"`];
    const allowedMs = Math.round(before * allowedShare + noiseMs);
    return now <= allowedMs
      ? []
      : [`${workspace}: p99 ${now} ms ${name}, not ${allowedMs} ms (${before} ms ${asFastAs})`];
  });

/** Where and when (UNIX ms, at the latest) the files of an id began to land. */
export interface Landing {
  workspace: string;
  atMs: number;
}

/** How long the events of one workspace took from landing to acceptance. */
export interface Latency {
  workspace: string;
  /** In which phase they landed. */
  phase: string;
  events: number;
  p50Ms: number;
  p99Ms: number;
}

/** The nearest rank; `sorted` must have at least one value. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;

export interface Acceptance {
  id: string;
  atMs: number;
}

/** By workspace and phase; only the first acceptance of an id counts. */
export const latenciesOf = (
  accepted: readonly Acceptance[],
  landings: ReadonlyMap<string, Landing>,
  phases: readonly Phase[],
): Latency[] => {
  const seen = new Set<string>();
  const groups = new Map<string, { workspace: string; phase: string; tookMs: number[] }>();
  for (const { id, atMs } of accepted) {
    const landing = landings.get(id);
    const phase = landing && phases.findLast(({ fromMs }) => fromMs <= landing.atMs);
    if (!landing || !phase || seen.has(id)) continue;
    seen.add(id);
    const { workspace } = landing;
    const group = groups.get(`${workspace} ${phase.name}`) ?? { workspace, phase: phase.name, tookMs: [] };
    groups.set(`${workspace} ${phase.name}`, group);
    group.tookMs.push(atMs - landing.atMs);
  }
  return [...groups.values()].map(({ workspace, phase, tookMs }) => {
    const sorted = tookMs.toSorted((a, b) => a - b);
    return {
      workspace,
      phase,
      events: sorted.length,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    };
  });
};

/** Every acceptance in the stand-in's log, in order. */
export const readAcceptances = async (log: string): Promise<Acceptance[]> => {
  const found: Acceptance[] = [];
  for await (const line of createInterface({ input: createReadStream(log), crlfDelay: Infinity })) {
    const { at, id } = JSON.parse(line) as { at: string; id?: string }; // the stand-in's own lines (take-batch.ts)
    if (id !== undefined) found.push({ id, atMs: Date.parse(at) });
  }
  return found;
};
