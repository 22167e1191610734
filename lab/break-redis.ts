import type { RedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import type { Redis } from "ioredis";
import type { CrashWindow } from "./crash-window.ts";
import { type Damage, openWindow } from "./damage.ts";
import type { Lab } from "./scenario.ts";

export interface RedisTools {
  redis: RedisServer;
  connection: Redis;
  damage: Damage;
  say: (what: string) => void;
}

export const redisBreaker = ({
  redis,
  connection,
  damage,
  say,
}: RedisTools): Pick<Lab, "killRedis" | "restartRedis" | "redisUsesBytes" | "limitRedis"> => {
  let down: CrashWindow | undefined;
  return {
    killRedis: async () => {
      down ??= openWindow(damage, "redis");
      damage.kills.redis += 1;
      say("kill -9 redis");
      await redis.kill9();
    },
    restartRedis: async () => {
      await redis.restart();
      if (down) down.untilMs = Date.now();
      down = undefined;
      say("redis is back");
    },
    redisUsesBytes: async () => Number(/^used_memory:(\d+)/m.exec(await connection.info("memory"))?.[1]),
    limitRedis: async (bytes) => {
      await connection.config("SET", "maxmemory", Math.round(bytes));
      say(bytes === 0 ? "redis has memory again" : `redis may use ${Math.round(bytes / 1_000)} KB`);
    },
  };
};
