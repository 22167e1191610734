import type { Scenario } from "../scenario.ts";
import { stageNames } from "../stage-supervisor.ts";

/** Segment takes its time, so that SIGTERM finds requests under way. */
const slow = { match: { route: "batch" }, then: { delayMs: 150 } } as const;
const rounds = 3;

export const shutdown: Scenario = {
  name: "shutdown",
  about: "SIGTERM to every stage under load, then twice in a row: each ends in time with 0, and nothing comes twice",
  events: 30_000,
  setup: { standIn: { rules: [slow] } },
  run: async (lab) => {
    await lab.untilAccepted(0.1);
    await Promise.all(stageNames.map((stage) => lab.terminate(stage)));
    for (let round = 0; round < rounds; round += 1) {
      await lab.pause(500, 2_000);
      await Promise.all(stageNames.map((stage) => lab.terminate(stage, 20)));
    }
  },
};
