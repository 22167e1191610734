import type { Scenario } from "../scenario.ts";

export const killRedis: Scenario = {
  name: "kill-redis",
  about: "kill -9 Redis every 1 to 3 s, and start it again from its append-only file",
  events: 30_000,
  run: (lab) =>
    lab.whileBusy(async () => {
      await lab.pause(1_000, 3_000);
      await lab.killRedis();
      await lab.pause(0, 1_000);
      await lab.restartRedis();
    }),
};
