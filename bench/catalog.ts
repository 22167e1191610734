import type { Measurement } from "./measurement.ts";
import { heldBacklog, largeBacklog, smallBacklog } from "./measurements/backlog.ts";
import { fused, fusedPlain, jobPerEvent, plainScript, plainTuned } from "./measurements/baselines.ts";
import { endToEnd, oneProcess, twoProcesses } from "./measurements/end-to-end.ts";
import { http } from "./measurements/http.ts";
import { latency } from "./measurements/latency.ts";
import { memory } from "./measurements/memory.ts";
import { micro } from "./measurements/micro.ts";
import { neighbours } from "./measurements/neighbours.ts";
import { workspaces } from "./measurements/workspaces.ts";

/** In the order of a round: the closest ratio has both sides next to each other, as a machine's speed wanders. */
export const measurements: readonly Measurement[] = [
  endToEnd,
  fused,
  fusedPlain,
  plainScript,
  plainTuned,
  jobPerEvent,
  oneProcess,
  twoProcesses,
  micro,
  latency,
  http,
  memory,
  workspaces,
  neighbours,
  smallBacklog,
  largeBacklog,
  heldBacklog,
];
