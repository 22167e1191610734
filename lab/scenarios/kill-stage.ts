import type { Scenario } from "../scenario.ts";
import type { StageName } from "../stage-supervisor.ts";

const killStage = (stage: StageName, more: Scenario["setup"] = {}): Scenario => ({
  name: `kill-${stage}`,
  about: `kill -9 one of two ${stage} processes every 1 to 2 s`,
  events: 30_000,
  setup: { processes: { [stage]: 2 }, ...more },
  run: (lab) =>
    lab.whileBusy(async () => {
      await lab.pause(1_000, 2_000);
      await lab.kill(stage);
    }),
});

/** Some files have a broken block or end too early: their faults are handed over under fire too. */
export const killIngest = killStage("ingest", { currents: { corrupt: true, truncated: true } });
export const killTransform = killStage("transform");
export const killDeliver = killStage("deliver");
