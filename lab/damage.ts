import type { CrashWindow } from "./crash-window.ts";
import type { Phase } from "./latency.ts";
import type { StageName } from "./stage-supervisor.ts";

/** What a scenario did to the processes, for the judge and the report. */
export interface Damage {
  windows: CrashWindow[];
  kills: Record<StageName | "redis", number>;
  terminations: number;
  /** The parts of the run whose latencies are told apart; none: nobody asks for them. */
  phases: Phase[];
  /** What a process did wrong under it. */
  faults: string[];
}

export const noDamage = (): Damage => ({
  windows: [],
  kills: { ingest: 0, transform: 0, deliver: 0, redis: 0 },
  terminations: 0,
  phases: [],
  faults: [],
});

/** A window that is open from now on; whoever opened it sets its end. */
export const openWindow = ({ windows }: Damage, cause: CrashWindow["cause"]): CrashWindow => {
  const opened = { cause, fromMs: Date.now(), untilMs: Infinity };
  windows.push(opened);
  return opened;
};
