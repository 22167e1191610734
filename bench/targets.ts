import type { Target } from "./figure.ts";

/** What DESIGN section 10 asks for, on two cores that also carry Redis (`appendfsync always`) and the stand-in. */
export const targets = {
  eventsPerSecond: { atLeast: 30_000 },
  /** Over all stages, without Redis and the stand-in. */
  cpuUsPerEvent: { atMost: 60 },
  timesPlainScript: { atLeast: 4 },
  timesJobPerEvent: { atLeast: 8 },
  timesFused: { atLeast: 0.5 },
  latencyP99Ms: { atMost: 1_000 },
  bytesPerWaitingEvent: { atMost: 100 },
  bytesPerRememberedId: { atMost: 64 },
  workerRssMb: { atMost: 200 },
  /** CPU an event with 200 workspaces, in CPU an event with one. */
  timesCpuOfOneWorkspace: { atMost: 1.15 },
  /** p99 of the others beside a flood and an outage, in their p99 without. */
  timesCalmP99: { atMost: 1.2 },
} as const satisfies Record<string, Target>;
