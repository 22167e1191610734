import type { Scenario } from "../scenario.ts";

const mb = 1_000_000;

export const redisFull: Scenario = {
  name: "redis-full",
  about: "Redis reaches maxmemory: first while it fills, then at once; later it has memory again",
  events: 30_000,
  run: async (lab) => {
    await lab.untilAccepted(0.1);
    await lab.limitRedis((await lab.redisUsesBytes()) + mb);
    await lab.pause(5_000);
    await lab.limitRedis((await lab.redisUsesBytes()) / 2);
    await lab.pause(8_000);
    await lab.limitRedis(0);
  },
};
