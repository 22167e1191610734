import type { Scenario } from "../scenario.ts";

export const redisDown20s: Scenario = {
  name: "redis-down-20s",
  about: "kill -9 Redis under load and leave it dead for 20 s, while files go on landing",
  events: 20_000,
  run: async (lab) => {
    await lab.untilAccepted(0.2);
    await lab.killRedis();
    await lab.pause(20_000);
    await lab.restartRedis();
  },
};
