import type { Scenario } from "../scenario.ts";

export const killAll: Scenario = {
  name: "kill-all",
  about: "kill -9 a process of a random stage every 1 to 3 s",
  events: 30_000,
  setup: { currents: { corrupt: true, truncated: true } },
  run: (lab) =>
    lab.whileBusy(async () => {
      await lab.pause(1_000, 3_000);
      await lab.kill();
    }),
};
